/*
 * outcome.c - the names of outcomes; see outcome.h.
 */
#include "outcome.h"

const char *outcome_name(int outcome)
{
    switch (outcome) {
    case OK:
        return "OK";
    case RPC_TIMEOUT:
        return "RPC_TIMEOUT";
    case RPC_UNREACHABLE:
        return "RPC_UNREACHABLE";
    case RPC_CANCELLED:
        return "RPC_CANCELLED";
    case RPC_NO_METHOD:
        return "RPC_NO_METHOD";
    case RPC_REFUSED:
        return "RPC_REFUSED";
    case RPC_FAILED:
        return "RPC_FAILED";
    case BAD_BYTES:
        return "BAD_BYTES";
    case TOO_LARGE:
        return "TOO_LARGE";
    case NO_STREAM:
        return "NO_STREAM";
    case DISK_NOT_FOUND:
        return "DISK_NOT_FOUND";
    case DISK_FULL:
        return "DISK_FULL";
    case DISK_ERROR:
        return "DISK_ERROR";
    case DISK_BAD_RANGE:
        return "DISK_BAD_RANGE";
    }
    return "unknown outcome";
}
