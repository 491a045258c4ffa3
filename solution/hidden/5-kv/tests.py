"""Lab 5, hidden: commands that are drawn, judged by a dictionary."""

from __future__ import annotations

from conclave import test
from conclave_lab_5_kv.tests_words import (ALONE, BRISK, COMMANDS, ONCE,
                                           lead_of, leader, number,
                                           restart_all, says)

LETTERS = "abc"


@test("Commands that are drawn do to the store what they do to a dictionary",
      points=6, nodes=1, config=ALONE, seeds=8, needs=("counters", "appends"),
      rule=COMMANDS)
async def drawn_commands(c):
    """A hundred commands on three keys; the node is killed and started in
    between."""
    one, model = await leader(c), {}
    for step in range(100):
        if step == 50:
            await restart_all(c)
            one = await leader(c)
        key = c.rng.choice(LETTERS)
        what = c.rng.choice(["SET", "GET", "APPEND", "DEL", "INCRBY", "EXISTS",
                             "refused"])
        old = model.get(key)
        if what == "SET":
            model[key] = b"%d" % c.rng.randint(-50, 50)
            await says(c, one, b"OK", "SET", key, model[key])
        elif what == "GET":
            await says(c, one, old, "GET", key)
        elif what == "APPEND":
            model[key] = (old or b"") + b"7"
            await says(c, one, len(model[key]), "APPEND", key, "7")
        elif what == "DEL":
            model.pop(key, None)
            await says(c, one, int(old is not None), "DEL", key)
        elif what == "EXISTS":
            await says(c, one, int(old is not None), "EXISTS", key)
        elif what == "refused":
            await says(c, one, "-ERR", "INCRBY", key, "many")
        elif abs(int(old or b"0")) < 2 ** 40:
            model[key] = b"%d" % (int(old or b"0") - step)
            await says(c, one, int(model[key]), "INCRBY", key, f"-{step}")


@test("Requests sent again after drawn crashes are done once", points=4,
      nodes=3, config=BRISK, seeds=3, needs="failover", rule=ONCE)
async def drawn_repeats(c):
    """A session counts to eight. Before some of its requests are sent again,
    the leader is killed, or all nodes are."""
    lead = await lead_of(c)
    session = await number(c, lead, "SESSION", rule=ONCE)
    for turn in range(1, 9):
        await says(c, lead, turn, "REQ", session, turn, "INCR", "n", rule=ONCE)
        fate = c.rng.choice(["nothing", "leader", "all"])
        if fate == "leader":
            one = lead.node
            await c.kill(one)
            await lead.find()
            await c.start(one)
        elif fate == "all":
            await restart_all(c)
        await lead.find()
        await says(c, lead, turn, "REQ", session, turn, "INCR", "n", rule=ONCE)
    await says(c, lead, b"8", "GET", "n", rule=ONCE)
