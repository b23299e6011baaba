"""The table of error codes: none is missing, each helps a person, each has the right verdict."""

import pytest

from kiaai.whatsapp.errors import GraphError, explain, fate_of_answer, find_verdict, verdict_of

CODES = [
    *[0, 3, 10, 190, *range(200, 300), 131005, 368, 131031, 130497, 4, 613, 80007, 80008, 130429],
    *[131048, 131056, 131064, 133016],
    *[1, 2, 33, 100, 130472, 131000, 131008, 131009, 131016, 131020, 131041, 131021, 131026, 131030],
    *[131037, 131042, 131044, 131045, 131047, 131049, 131050, 131051, 131052, 131053, 131055, 131057],
    *[131059, 131062, 131063, *range(131201, 131216), 132000, 132001, 132005, 132007, 132008, 132012],
    *[132015, 132016, 132018, 132068, 132069, 134011, *range(134100, 134104), 135000, 136024, 137000],
    *[133000, 133004, 133005, 133006, 133008, 133009, 133010, 133015, *range(138000, 138019)],
    *[*range(139000, 139005), *range(139100, 139104), *range(147001, 147006), 2388019, 2388040, 2388047],
    *[2388072, 2388073, 2388293, 2388299, 2388012, 2388091, 2388093, 2388103, 2388001, 2494100],
    *[2593107, 2593108, 2593109, *range(200005, 200008)],
]
STOPS = {0, 3, 10, 190, *range(200, 300), 368, 131005, 131031, 131042, 133010}


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained_to_a_person(code: int) -> None:
    verdict = find_verdict(code)

    assert verdict is not None
    for sentence in (verdict.explanation.cause, verdict.explanation.next_step):
        assert sentence[0].isupper() or sentence[0].isdigit()
        assert sentence.endswith(".")
    assert 3 < len(verdict.explanation.title) < 50


def test_exactly_the_stop_codes_stop_a_channel() -> None:
    stopping = {code for code in CODES if fate_of_answer(code, None, 400, False) == "stop"}

    assert stopping == STOPS


def test_a_fresh_token_shows_in_a_look_up_and_a_lifted_ban_only_in_a_message() -> None:
    by_look_up = {code for code in STOPS if verdict_of(GraphError("stop", "", code=code)).resumes_by_look_up}

    assert by_look_up == {0, 190}


@pytest.mark.parametrize("code", [4, 80007, 130429])
def test_throttling_holds_the_whole_channel(code: int) -> None:
    assert verdict_of(GraphError("not_now", "", code=code)).scope == "channel"


@pytest.mark.parametrize(
    ("code", "http_status", "attempts", "fate"),
    [
        (1, 400, 2, "not_now"),
        (1, 400, 3, "refused"),
        (1, 500, 50, "not_now"),
        (135000, 400, 2, "refused"),
        (131049, 400, 2, "refused"),
        (131000, 500, 50, "not_now"),
        (130429, 400, 50, "not_now"),
        (999999, 500, 1, "not_now"),
        (999999, 500, 2, "refused"),
        (999999, 429, 50, "not_now"),
    ],
)
def test_some_codes_are_worth_a_few_tries_only(code: int, http_status: int, attempts: int, fate: str) -> None:
    error = GraphError("not_now", "", code=code, http_status=http_status)

    assert error.fate_after(attempts) == fate


def test_what_was_never_sent_is_tried_without_a_limit() -> None:
    error = GraphError("not_now", "WhatsApp could not be reached")

    assert error.fate_after(1000) == "not_now"
    assert "nothing was sent" in verdict_of(error).explanation.cause


def test_the_own_number_gone_is_explained_as_such() -> None:
    error = GraphError("stop", "", code=100, subcode=33, http_status=400)

    assert "WHATSAPP_PHONE_NUMBER_ID" in verdict_of(error).explanation.next_step
    assert verdict_of(error).scope == "channel"


def test_template_faults_are_explained_by_their_subcode() -> None:
    error = GraphError("refused", "", code=100, subcode=2388299, http_status=400)

    assert "begin or end with a variable" in verdict_of(error).explanation.cause


def test_a_missing_object_is_not_taken_for_a_deleted_number() -> None:
    error = GraphError("refused", "", code=100, subcode=33, http_status=400)

    assert verdict_of(error).explanation == explain(100)


def test_no_answer_asks_to_wait_for_a_tick() -> None:
    verdict = verdict_of(GraphError("unknown", ""))

    assert verdict.kind == "unknown"
    assert "tick" in verdict.explanation.next_step


def test_codes_of_tomorrow_and_none_at_all_have_words_too() -> None:
    assert explain(999999).next_step
    assert explain(None).next_step
    assert "template" in explain(131047).next_step
