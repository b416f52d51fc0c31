"""The navigation: which pages the signed-in person sees, the head of each page, and the start by role."""

import streamlit as st

from classifier.web import head, identity, places

st.set_page_config(page_title="蓝目", layout="wide")
actor = identity.current_actor()
head.forget_another(actor)
start = places.home(actor)


def _home() -> None:
    """The start page of the person's role."""
    if start is None:
        st.info("还没有可用的页面。")
    else:
        st.switch_page(shown[start.name])


shown = {
    place.name: st.Page(
        f"pages/{place.name}.py",
        title=place.title,
        url_path=place.name,
        visibility="visible" if place.open_to(actor) else "hidden",
    )
    for place in places.existing()
}
first = st.Page(_home, title="首页", default=True, visibility="hidden")
page = st.navigation([first, *shown.values()], position="top")
head.show(actor)
page.run()
