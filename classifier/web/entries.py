"""One entry of the catalogue as a panel: what it is, what it holds and what it does not, and on what that rests."""

from collections.abc import Iterable
from html import escape

import streamlit as st

from classifier.web.look import label_text, path_text, plain, rebuilt_badge, row, tier_badge
from taxonomy import Boundary, Catalogue, Entry, Link, Provenance

LEVELS = {1: "一级分类", 2: "二级分类", 3: "三级条目"}
_OUTSIDE = "目录外"
_QUIET = "opacity:.8;font-size:.9em"
_LINE = "margin:.15em 0"


def entry_panel(catalogue: Catalogue, code: str) -> None:
    """Draw all that the edition says of an entry; an unknown code is told in plain words."""
    entry = catalogue.get(code)
    if entry is None:
        st.warning(plain(f"目录版本 {catalogue.edition} 中没有编码“{code[:20]}”。"))
        return
    st.html(heading_html(catalogue, entry))
    st.html(definition_html(catalogue, entry))
    if entry.boundaries:
        with st.expander(f"边界口径（{len(entry.boundaries)} 条）"):
            st.html("".join(boundary_html(rule) for rule in entry.boundaries))
    if entry.links:
        with st.expander(f"与其他标准的对照（{len(entry.links)} 条，编码可复制）"):
            crosswalk(entry.links)
    st.html(basis_html(entry))


def heading_html(catalogue: Catalogue, entry: Entry) -> str:
    """Code, name and badges, with the path below."""
    title = f'<span style="font-size:1.2em;font-weight:700">{escape(entry.code)} {escape(entry.name)}</span>'
    badges = [tier_badge(entry.tier)] if entry.tier else []
    path = f'<div style="{_QUIET}">{escape(LEVELS[entry.level])} · {escape(path_text(catalogue, entry.code))}</div>'
    return row([title, *badges, rebuilt_badge(entry)]) + path


def definition_html(catalogue: Catalogue, entry: Entry) -> str:
    """The definition, what is included, and what is excluded with the entry that takes it."""
    definition = f'<p style="margin:.4em 0">{escape(entry.definition)}</p>'
    excluded = (f"{one.what} → {label_text(catalogue, one.goes_to or _OUTSIDE)}" for one in entry.excludes)
    note = f'<p style="{_QUIET}">备注：{escape(entry.note)}</p>' if entry.note else ""
    return definition + listed("包括", entry.includes) + listed("不包括", excluded) + note


def listed(title: str, lines: Iterable[str]) -> str:
    """A short list under its title; empty without lines."""
    items = "".join(f'<li style="{_LINE}">{escape(line)}</li>' for line in lines)
    return (
        f'<div style="font-weight:600">{escape(title)}</div><ul style="margin:.1em 0 .6em">{items}</ul>'
        if items
        else ""
    )


def boundary_html(rule: Boundary) -> str:
    """One rule for reading the catalogue, with its number."""
    return (
        f'<p style="margin:.3em 0"><strong>{escape(rule.number)} {escape(rule.title)}</strong> {escape(rule.text)}</p>'
    )


def basis_html(entry: Entry) -> str:
    """Where name and text come from; what is reconstructed says so."""
    rebuilt = "，不是官方文本" if entry.provenance is not Provenance.OFFICIAL else ""
    return f'<div style="{_QUIET}">来源：{entry.provenance.chinese}{rebuilt}。{escape(entry.basis)}</div>'


def crosswalk(links: Iterable[Link]) -> None:
    """The links to other standards, each code with a button to copy it."""
    for link in links:
        code, text = st.columns([2, 5], gap="small", wrap=False)
        code.code(link.code, language=None)
        text.html(link_html(link))


def link_html(link: Link) -> str:
    """What a link leads to, how the two relate and how sure that is."""
    first = f"{escape(link.standard)}（{escape(link.edition)}） <strong>{escape(link.name)}</strong>"
    second = f"{link.relation.chinese}，把握{link.confidence.chinese}；{escape(link.basis)}"
    return f'{first}<div style="{_QUIET}">{second}</div>'
