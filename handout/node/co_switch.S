/*
 * co_switch.S - void co_switch(void **from, void *to)
 *
 * Pushes the registers that a function must preserve, stores the stack pointer
 * in *from, takes the one in to, pops, and returns into the other coroutine.
 * A new stack looks as if it had been switched away from: see co_switch.c.
 */
#if defined(__APPLE__)
#define NAME(x) _##x
#else
#define NAME(x) x
#endif

#if !defined(CO_UCONTEXT) && defined(__x86_64__)
    .text
    .p2align 4
    .globl NAME(co_switch)
NAME(co_switch):
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq  %rsp, (%rdi)
    movq  %rsi, %rsp
    popq  %r15
    popq  %r14
    popq  %r13
    popq  %r12
    popq  %rbx
    popq  %rbp
    popq  %rcx      /* not ret: it would go elsewhere than the processor's */
    jmp   *%rcx     /* return predictor, which follows calls, expects */

#elif !defined(CO_UCONTEXT) && defined(__aarch64__)
    .text
    .p2align 4
    .globl NAME(co_switch)
NAME(co_switch):
    sub  sp, sp, #160
    stp  x19, x20, [sp, #0]
    stp  x21, x22, [sp, #16]
    stp  x23, x24, [sp, #32]
    stp  x25, x26, [sp, #48]
    stp  x27, x28, [sp, #64]
    stp  x29, x30, [sp, #80]
    stp  d8,  d9,  [sp, #96]
    stp  d10, d11, [sp, #112]
    stp  d12, d13, [sp, #128]
    stp  d14, d15, [sp, #144]
    mov  x9, sp
    str  x9, [x0]
    mov  sp, x1
    ldp  x19, x20, [sp, #0]
    ldp  x21, x22, [sp, #16]
    ldp  x23, x24, [sp, #32]
    ldp  x25, x26, [sp, #48]
    ldp  x27, x28, [sp, #64]
    ldp  x29, x30, [sp, #80]
    ldp  d8,  d9,  [sp, #96]
    ldp  d10, d11, [sp, #112]
    ldp  d12, d13, [sp, #128]
    ldp  d14, d15, [sp, #144]
    add  sp, sp, #160
    ret
#endif

#if defined(__linux__) && defined(__ELF__)
    .section .note.GNU-stack, "", %progbits
#endif
