"""Every fault point with every action, one after the other, in the processes that run."""

import re

from kiaai.config import ROOT
from kiaai.faults import EXIT_CODE
from tests.faults.processes import Part, until
from tests.faults.rig import Rig, pdf

ACTIONS = ("raise", "sleep=0.5", "exit")
OF_SENDING = (
    "before_claim",
    "after_claim",
    "before_post",
    "after_post",
    "before_outcome",
    "after_outcome",
    "before_commit",
    "after_commit",
)
OF_WEB = ("before_commit", "after_commit")
OF_BOT = ("bot_after_claim", "bot_before_commit", "bot_after_commit")
OF_FILES = ("file_after_claim", "file_before_keep")
OF_SWEEP = ("sweep_choosing",)
POINTS = (*OF_SENDING, *OF_BOT, *OF_FILES, *OF_SWEEP)
# Nothing of the ledger is at stake there: tests/hooks/test_telling.py, tests/leads/test_erasing_at_once.py.
ELSEWHERE = ("hook_after_claim", "hook_after_post", "erased_files")


def test_all_points_of_the_code_are_met() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "kiaai").rglob("*.py"))

    assert set(re.findall(r'fault_point\("(\w+)"\)', sources)) <= {*POINTS, *ELSEWHERE}


def test_every_point_with_every_action_leaves_the_ledger_whole(rig: Rig) -> None:
    customers = iter(rig.known_customers(len(POINTS) * len(ACTIONS)))

    for point in POINTS:
        for action in ACTIONS:
            meet(rig, point, action, next(customers))

    # A file that is being fetched counts as taken for four minutes; nobody waits for that here.
    rig.value("UPDATE attachments SET next_try_at = clock_timestamp() WHERE state = 'waiting'")
    rig.recover("every fault point with every action")


def meet(rig: Rig, point: str, action: str, customer: str) -> None:
    """Let work run into the fault, until all processes that have the point have met it."""
    parts = [rig.worker, *([rig.web] if point in OF_WEB else [])]
    seen = [hits(part, point) for part in parts]
    rig.break_at(f"{point}:{action}")
    provoke(rig, point, customer)
    for part, before in zip(parts, seen, strict=True):
        until(lambda part=part, before=before: hits(part, point) > before, f"{part.name} at {point}:{action}")  # type: ignore[misc]
    rig.break_at("")
    if action == "exit":
        assert rig.worker.wait() == EXIT_CODE
        rig.worker.start()


def provoke(rig: Rig, point: str, customer: str) -> None:
    if point in OF_BOT:
        rig.write(customer, "Gracias")
    elif point in OF_FILES:
        rig.write(customer, "", file=pdf(1000))
    elif point not in OF_SWEEP:
        rig.send(customer, f"mensaje hacia {point}")
    if point in OF_WEB:
        rig.write(customer, "¿Y?")


def hits(part: Part, point: str) -> int:
    return part.log().count(f'Told to break at {point}"')
