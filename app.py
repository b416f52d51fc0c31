"""The front door: the web app for `streamlit run app.py`, `lanmu app` and any ASGI server."""

import streamlit as st

from classifier.web import server

app = st.App(server.SCRIPT, routes=server.routes(), middleware=server.middleware(), lifespan=server.lifespan)
