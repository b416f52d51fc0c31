"""账号: who may sign in, for the admin."""

import streamlit as st

from classifier.review.permissions import Action
from classifier.web.identity import require_page

st.title("账号")
require_page(Action.ACCOUNTS)
