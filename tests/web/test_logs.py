"""The log says what happened by ids, never what people typed or what a loan says."""

import json
import logging
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from streamlit import config

from classifier.web.logs import JsonLines
from tests.web.journeys.visiting import click
from tests.web.serving import Server, sign_in

BORROWER = "威海某某渔业有限公司"


def line(message: str, *values: object, error: Exception | None = None, **ids: object) -> dict[str, object]:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("classifier.web", logging.ERROR, __file__, 1, message, values, info)
    record.__dict__.update(ids)
    return dict(json.loads(JsonLines().format(record)))


def test_a_line_is_json_with_ids() -> None:
    written = line("case decided", case_id=7, error_id="ab12")
    assert (written["message"], written["case_id"], written["error_id"]) == ("case decided", 7, "ab12")


def test_neither_values_nor_the_text_of_an_error_are_written() -> None:
    try:
        raise ValueError(BORROWER)
    except ValueError as error:
        written = line("cannot read %s", BORROWER, error=error)
    assert BORROWER not in json.dumps(written, ensure_ascii=False)
    assert written["error"] == "ValueError" and written["where"]


def test_streamlit_prints_no_error_past_the_log() -> None:
    config.get_config_options(force_reparse=True)
    assert config.get_option("logger.enableRich") is False


@pytest.mark.browser
def test_a_whole_session_leaves_no_name_in_the_log(app_server: Callable[..., Server], page: Page) -> None:
    server = app_server()
    sign_in(page, server, "陈经办", "/single")
    text = page.get_by_role("textbox").first
    text.fill(f"{BORROWER}申请贷款建设海洋牧场，投放人工鱼礁")
    click(page.get_by_role("button", name="识别").first)
    expect(page.get_by_text("人工鱼礁").first).to_be_visible()
    page.wait_for_timeout(2000)
    server.stop()
    written = "".join(server.errors) + "".join(server.output)
    for private in (BORROWER, "人工鱼礁", "陈经办"):
        assert private not in written
    for entry in server.errors:
        json.loads(entry)
