"""The pages of the sign-in, as plain HTML: they work without JavaScript and fetch nothing."""

import base64
import hashlib
from html import escape

from starlette.responses import HTMLResponse

_STYLE = """
:root { color-scheme: light dark; --sea: #005b96; --on-sea: #fff; --paper: #fff; --ground: #eef3f7; --ink: #16242f;
  --line: #6d8294; --wrong: #9b1c1c }
@media (prefers-color-scheme: dark) { :root { --sea: #2878b0; --paper: #182a38; --ground: #0e1a24; --ink: #e8eef3;
  --line: #8aa0b2; --wrong: #ff9d9d } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--ink);
  font: 1rem/1.6 "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei", sans-serif }
main { width: min(26rem, 100% - 2rem); padding: 2rem; background: var(--paper); border-radius: .5rem;
  border-top: .25rem solid var(--sea) }
h1 { margin: 0 0 .25rem; font-size: 1.5rem }
p { margin: 0 0 1rem }
label { display: block; margin-top: 1rem }
input { width: 100%; padding: .5rem .75rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: .25rem }
button { width: 100%; margin-top: 1.5rem; padding: .6rem; font: inherit; color: var(--on-sea); background: var(--sea);
  border: 0; border-radius: .25rem; cursor: pointer }
input:focus, button:focus-visible, a:focus-visible { outline: 3px solid var(--sea); outline-offset: 2px }
[role=alert] { color: var(--wrong); border-left: .25rem solid; padding-left: .75rem }
a { color: inherit }
form + p { margin: 1rem 0 0 }
"""
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; img-src 'self'; style-src 'sha256-{_STYLE_DIGEST}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

# A wave on deep blue; browsers take the drawing at the address where Streamlit's page looks for its icon.
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#005b96"/>
<path d="M4 14q6-7 12 0t12 0M4 22q6-7 12 0t12 0" fill="none" stroke="#fff" stroke-width="3"/></svg>"""


def sign_in_page(csrf: str, target: str, *, name: str = "", wrong: str = "", status: int = 200) -> HTMLResponse:
    """The form for name and password."""
    fields = (
        _hidden("csrf", csrf)
        + _hidden("next", target)
        + _field("账号", "name", f'autocomplete="username" value="{escape(name)}" autofocus')
        + _field("密码", "password", 'type="password" autocomplete="current-password"')
    )
    intro = "<p>蓝色产业贷款识别。请用自己的账号登录。</p>"
    return _page("登录", intro + _alert(wrong) + _form("/sign-in", fields, "登录"), status)


def change_page(csrf: str, *, must: bool, wrong: str = "", status: int = 200) -> HTMLResponse:
    """The form for a new password."""
    reason = "这是一次性密码，请先换成自己的密码。" if must else "修改后，其他地方的登录都会退出。"
    fields = (
        _hidden("csrf", csrf)
        + _field("现在的密码", "old", 'type="password" autocomplete="current-password" autofocus')
        + _field("新密码（至少 12 个字符，不含账号名）", "new", 'type="password" autocomplete="new-password"')
        + _field("再输一次新密码", "again", 'type="password" autocomplete="new-password"')
    )
    back = "" if must else '<p><a href="/">返回</a></p>'
    return _page(
        "修改密码", f"<p>{reason}</p>" + _alert(wrong) + _form("/change-password", fields, "修改密码") + back, status
    )


def sign_out_page(csrf: str) -> HTMLResponse:
    """The question before leaving, for a link without the form's secret."""
    return _page("退出登录", _form("/sign-out", _hidden("csrf", csrf), "退出登录") + '<p><a href="/">返回</a></p>', 200)


def refusal(text: str, status: int) -> HTMLResponse:
    """A page that says why not, with the way back."""
    return _page("没有完成", f'<p role="alert">{escape(text)}</p><p><a href="/">返回</a></p>', status)


def _page(title: str, body: str, status: int) -> HTMLResponse:
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title} · 蓝目</title><link rel="icon" href="/favicon.png"><style>{_STYLE}</style>'
    )
    html = (
        f'<!doctype html><html lang="zh-CN"><head>{head}</head><body><main><h1>{title}</h1>{body}</main></body></html>'
    )
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(html, status, headers)


def _form(action: str, fields: str, button: str) -> str:
    return f'<form method="post" action="{action}">{fields}<button>{button}</button></form>'


def _field(label: str, name: str, attributes: str) -> str:
    return f'<label for="{name}">{label}</label><input id="{name}" name="{name}" required maxlength="256" {attributes}>'


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _alert(text: str) -> str:
    return f'<p role="alert">{escape(text)}</p>' if text else ""
