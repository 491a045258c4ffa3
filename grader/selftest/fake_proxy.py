#!/usr/bin/env python3
"""A proxy that obeys every order and carries nothing: for the runner's tests.

It is run as the real one is, says `ready`, and answers its control socket.
"""

import asyncio
import sys
import time

BEGAN = time.monotonic()
RECORD = []


async def serve(reader, writer):
    """One control connection."""
    watching = False
    shown = 0
    while True:
        if watching:
            while shown < len(RECORD):
                writer.write(RECORD[shown].encode() + b"\n")
                shown += 1
            await asyncio.sleep(0.005)
            if reader.at_eof():
                return
            continue
        line = (await reader.readline()).decode().strip()
        if not line:
            return
        if line == "mark die":
            sys.exit(3)
        now_us = int((time.monotonic() - BEGAN) * 1e6)
        if line.startswith("mark violate "):
            RECORD.append(f"V {now_us} {line.split()[2]} vote-once "
                          "one vote | two votes")
        elif line.startswith("mark "):
            RECORD.append(f"M {now_us} {line[5:]}")
        watching = line == "watch"
        writer.write(b"ok\n")


async def main():
    path = sys.argv[sys.argv.index("--control") + 1]
    server = await asyncio.start_unix_server(serve, path)
    print("ready", flush=True)
    await server.serve_forever()


asyncio.run(main())
