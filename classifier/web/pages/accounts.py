"""账号: who may sign in, for the admin."""

import streamlit as st

from classifier.review.permissions import Action
from classifier.web import accountbook, context, identity

st.title("账号", anchor=False)
actor = identity.require_page(Action.ACCOUNTS)
with context.show_errors():
    accountbook.draw(actor)
