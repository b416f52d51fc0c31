"""批量识别: upload a loan book, follow its labelling, and work with the result."""

import streamlit as st

from classifier.review.cases import BatchState
from classifier.review.permissions import Action, Actor
from classifier.web import context, identity
from classifier.web.batch import jobviews, resultview, uploading


def draw() -> None:
    """The page: one job when the address names it, otherwise the upload and the earlier books."""
    actor = identity.current_actor()
    if not actor.may(Action.READ):
        identity.require_page(Action.LABEL)
    asked = jobviews.number_in_address("batch")
    if asked is None:
        draw_start(actor)
    else:
        draw_job(actor, asked)


def draw_job(actor: Actor, batch_id: int) -> None:
    """One job, whatever its state."""
    jobs = jobviews.the_jobs()
    job = jobs.job(actor, batch_id)
    jobviews.draw_head(job.batch)
    if job.is_running:
        jobviews.draw_progress(actor, batch_id)
    elif job.batch.state is BatchState.DONE:
        catalogue = context.classifier().catalogue
        resultview.draw(context.store(), actor, job.batch, job.folder, catalogue)
    else:
        jobviews.draw_ended_early(jobs, actor, job)


def draw_start(actor: Actor) -> None:
    """The upload for those who may submit, and the books that were labelled."""
    jobs, store = jobviews.the_jobs(), context.store()
    if actor.may(Action.SUBMIT):
        with context.show_errors():
            started = uploading.draw(jobs, store, actor)
            if started is not None:
                jobviews.open_batch(started)
    else:
        st.info("台账由经办岗位的人员上传。您可以查看已贴标的台账。")
    jobviews.draw_batches(store.batches(actor), actor)


st.title("批量识别", anchor=False)
with context.show_errors():
    draw()
