"""The front door: the web app for `streamlit run app.py`, `lanmu app` and any ASGI server."""

import streamlit as st

from classifier.web import server

app = st.App(
    server.SCRIPT,
    secrets=server.secrets_of_provider(),
    lifespan=server.lifespan,
    routes=server.routes(),
    middleware=server.middleware(),
    on_script_error=server.script_failed,
)
