"""Lab 4, hidden: power that goes out wherever it is drawn."""

from __future__ import annotations

from conclave import exploration, test
from conclave_lab_4_persistence.tests_words import (BRISK, KEPT, commands,
                                                    commit_all, everyone_back)


@test("Power that goes out where it is drawn takes nothing committed",
      points=5, nodes=3, seeds=6, needs=("all_restart", "one_restarts"),
      config=dict(BRISK, snapshot_log_bytes=2048, segment_bytes=4096),
      rule=KEPT)
async def drawn_outages(c):
    """Some nodes lose their power, one, two or all at the same moment, between
    commands of drawn sizes; small logs make snapshots frequent."""
    for turn in range(5):
        size = c.rng.choice([0, 40, 700])
        await commit_all(c, commands(f"turn {turn} ", c.rng.randint(1, 8),
                                     size))
        dark = c.rng.sample(list(c.ids), c.rng.randint(1, 3))
        await c.power_cut(*dark)
        await everyone_back(c, f"after outage {turn}")


@exploration("Seeds that nobody has tried: disks lose nothing committed",
             points=5, seeds=120, plan="disk", needs="restart_from_snapshot",
             rule=KEPT)
def untried_disks():
    """As swarm, with the seeds of this test."""
