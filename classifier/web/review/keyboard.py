"""The keys of the review page, and the few lines of script that let a key lead to a field.

Buttons carry their keys themselves (``st.button(shortcut=...)``): Streamlit ignores plain keys while a person types in a
field, so a digit in a reason never decides a case. ``C`` and ``R`` belong to Streamlit.
"""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

CONFIRM, RECORD, RETURN, SKIP, NOTE, REOPEN = "Q", "Ctrl+Enter", "T", "N", "B", "Z"
SEARCH, REASON = "L", "W"

KEYS: Mapping[str, str] = {
    "1–5": "选定候选条目",
    "0 / 9": "选定“目录外” / “信息不足”",
    CONFIRM: "确认（同意）现有结论，立即记录",
    "A S D F G": "填入常用理由",
    SEARCH: "查找其他条目",
    REASON: "写理由",
    RECORD: "记录所选（写理由时也可按）",
    RETURN: "退回经办（须写理由）",
    NOTE: "只记备注，不作判定",
    SKIP: "跳过，下一件",
    "Esc": "离开输入框，快捷键恢复可用",
}

# The keys work on the capturing side, before Streamlit's. A key held down counts once. When another case comes, the
# focus leaves the field of the last one and goes to the new case's head, so that the next key acts and is not typed.
_SCRIPT = """
export default function ({ parentElement, data }) {
  const page = parentElement.ownerDocument;
  const view = page.defaultView;
  const field = (element) => Boolean(element) && /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);
  const onKey = (event) => {
    const inField = field(event.composedPath()[0]);
    if (event.key === "Escape" && inField) { event.target.blur(); return; }
    if (event.repeat && (!inField || event.ctrlKey || event.metaKey) && /^([a-z0-9]|Enter)$/i.test(event.key)) {
      event.preventDefault(); event.stopImmediatePropagation(); return;
    }
    if (inField || event.ctrlKey || event.altKey || event.metaKey) return;
    const target = data.fields[event.key.toUpperCase()] && page.querySelector(data.fields[event.key.toUpperCase()]);
    if (!target) return;
    event.preventDefault(); event.stopImmediatePropagation(); target.focus();
  };
  view.addEventListener("keydown", onKey, true);
  if (view.lanmuPlace !== data.place) {
    const first = view.lanmuPlace === undefined;
    view.lanmuPlace = data.place;
    const head = page.querySelector(data.head);
    if (head && !first) { head.setAttribute("tabindex", "-1"); head.style.outline = "none"; head.focus(); }
  }
  if (view.lanmuLooked !== data.looked) {
    view.lanmuLooked = data.looked;
    if (data.looked && field(page.activeElement)) page.activeElement.blur();
  }
  return () => view.removeEventListener("keydown", onKey, true);
}
"""


def listen(place: str, looked: str, head: str, fields: Mapping[str, str]) -> None:
    """Let keys lead to fields (key to CSS selector).

    ``place`` names the case shown and ``head`` selects its head; ``looked`` is what was looked up: when it changes, the
    search is done and the focus leaves it.
    """
    _component()(
        data={"place": place, "looked": looked, "head": head, "fields": dict(fields)}, key="keyboard", height=1
    )


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    return st.components.v2.component("lanmu_keyboard", js=_SCRIPT)
