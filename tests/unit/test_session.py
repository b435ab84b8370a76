"""Sessions side by side: each has its own server, key, edition, journal and budget."""

from __future__ import annotations

import inspect
import pickle
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

import qwave_jupyter as qwave
from qwave_jupyter import i18n
from qwave_jupyter.demo.server import DemoServer
from qwave_jupyter.errors import ConfigurationError, OptionMistake, TooExpensive, UnknownModel
from qwave_jupyter.session import default
from tests.fake_session import replace_default
from tests.waiting import wait_until


@pytest.fixture
def servers(small_images):
    made = [DemoServer(key=f"key-{edition}", edition=edition, latency=0.05) for edition in ("2026-04", "2026-09")]
    for server in made:
        server.start()
    yield made
    for server in made:
        server.stop()


@pytest.fixture
def sessions(servers, clean_environment, short_waits):
    return [
        qwave.Session(
            base_url=server.url,
            key=server.key,
            edition=edition,
            home=clean_environment / edition,
            save_dir=clean_environment / edition / "images",
        )
        for server, edition in zip(servers, ("2026-04", "2026-09"), strict=True)
    ]


def test_sessions_side_by_side(sessions, servers, monkeypatch):
    other = replace_default(monkeypatch)
    jobs = [session.submit("a cat", model="gpt-image-2", resolution="1k") for session in sessions]
    for job, session, edition in zip(jobs, sessions, ("2026-04", "2026-09"), strict=True):
        (image,) = job.result(60)
        assert image.edition == edition
        assert image.path.parent == session.save_folder()
        assert session.jobs == (job,)
        assert [one.path for one in session.history()] == [image.path]
    assert [len(server.app.tasks) for server in servers] == [1, 1]
    assert all(session.spent_usd > 0 for session in sessions)
    assert other.jobs == ()
    assert other.spent_usd == 0


def test_rate_limiter_is_shared_per_host(sessions, servers):
    first, other = sessions
    before = first.context().client
    first.configure(base_url=servers[1].url)
    assert first.context().client.rate_limiter is not before.rate_limiter
    first.configure(base_url=servers[0].url)
    after = first.context().client
    assert after is not before
    assert after.rate_limiter is before.rate_limiter
    assert other.context().client.rate_limiter is not before.rate_limiter


@pytest.mark.parametrize("changes", [{"timeout": 99}, {"embed": "full"}, {"max_cost": 1.0, "display": "text"}])
def test_client_stays_while_its_server_does(sessions, changes):
    first, _ = sessions
    before = first.context().client
    first.configure(**changes)
    assert first.context().client is before
    assert first.context().timeout == first.settings.timeout


def test_clock_reaches_all_parts(clean_environment, clock):
    context = qwave.Session(key="sk-x", clock=clock, home=clean_environment).context()
    assert context.clock is clock
    assert context.client._clock is clock
    assert context.journal._clock is clock
    assert context.client.rate_limiter._clock is clock


def test_find_job_by_what_is_shown(sessions):
    first, _ = sessions
    job = first.submit("a cat", model="gpt-image-2", resolution="1k")
    (image,) = job.result(60)
    shown = (repr(job)[4:12], image.path.name.split("-")[-2], job.task_id[-6:], job.task_id, job.id, job.id[-5:])
    assert [first.find_job(name) for name in shown] == [job] * len(shown)


def test_image_goes_on_with_its_session(sessions, servers):
    first, _ = sessions
    (image,) = first.generate("a cat", model="gpt-image-2", resolution="1k")
    (again,) = image.again(seed=None)
    assert len(servers[0].app.tasks) == 2
    assert again.session is first
    assert first.history()[0].session is first
    assert pickle.loads(pickle.dumps(again)).session is None


def test_session_has_its_own_budget(sessions):
    first, second = sessions
    first.configure(budget=0.000001)
    with pytest.raises(TooExpensive):
        first.submit("a cat", model="gpt-image-2", resolution="1k")
    job = second.submit("a cat", model="gpt-image-2", resolution="1k")
    wait_until(job.done)
    assert first.spent_usd == 0
    assert second.settings.budget is None


def test_session_refuses_unknown_settings(clean_environment):
    with pytest.raises(ConfigurationError, match="colour"):
        qwave.Session(colour="red")
    with pytest.raises(ConfigurationError):
        qwave.Session(preview_px=1)


def test_session_shows_no_key(sessions):
    assert "key-2026-04" not in repr(sessions[0])
    assert repr(sessions[0]).startswith("Session(base_url='http://127.0.0.1:")


def test_refused_session_shows_no_key(clean_environment):
    with pytest.raises(ConfigurationError) as refusal:
        qwave.Session(key="sk-Kept-0123456789", preview_px=1)
    frames = [frame.f_locals for frame, _ in traceback.walk_tb(refusal.value.__traceback__)][1:]
    assert "sk-Kept-0123456789" not in repr([repr(held) for held in frames])
    assert "sk-Kept-0123456789" not in repr(vars(qwave.Session(key="sk-Kept-0123456789")))


def test_other_session_keeps_the_language(clean_environment, monkeypatch):
    replace_default(monkeypatch)
    try:
        qwave.configure(language="zh")
        qwave.Session(edition="2026-09")
        assert i18n.language() == "zh"
    finally:
        qwave.configure(language=None)


def test_session_repr_needs_no_settings(clean_environment, monkeypatch):
    monkeypatch.setenv("QWAVE_DEMO", "perhaps")
    assert repr(qwave.Session()) == "Session(0 jobs)"


def test_functions_use_the_default_session(clean_environment):
    assert qwave.build("a cat").model == default().catalog.model(default().settings.model)
    assert qwave.build.__doc__.count("qwave.build(") == 1
    assert "self" not in inspect.signature(qwave.build).parameters


class Work:
    """A job or batch that has ended or hasn't."""

    def __init__(self, number=0, *, ended=True):
        self.id, self.ended = f"job-{number}", ended

    def done(self):
        return self.ended

    def count_in(self, budget):
        """Nothing to count."""


@pytest.mark.parametrize(("register", "kept"), [("register", "jobs"), ("register_batch", "batches")])
def test_ended_work_is_remembered_up_to_a_bound(clean_environment, register, kept):
    session = qwave.Session()
    running, later = Work(-1, ended=False), Work(-2)
    getattr(session, register)(running)
    for number in range(2000):
        getattr(session, register)(Work(number))
    getattr(session, register)(later)
    known = getattr(session, kept)
    assert (known[0], known[-1]) == (later, running)
    assert len(known) <= 501
    assert session.has_active_jobs()


def test_threads_register_jobs_together(clean_environment):
    session = qwave.Session()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: session.register(Work(number)), range(400)))
    assert {job.id for job in session.jobs} == {f"job-{number}" for number in range(400)}


def test_jobs_know_what_the_server_said(sessions):
    first, other = sessions
    for session in sessions:
        assert not session.context().catalog.is_live_only("new-model")
    first.learn(listed=[{"id": "new-model"}])
    assert first.context().catalog.is_live_only("new-model")
    assert not other.context().catalog.is_live_only("new-model")


@pytest.mark.parametrize("empty", ["", " ", "\n"])
@pytest.mark.parametrize("force", [True, False])
def test_empty_model_is_not_the_default(ours, server, submit, empty, force):
    (image,) = submit().result()
    made = len(server.bodies)
    for ask in (qwave.generate, qwave.submit, qwave.build, image.edit, image.again):
        with pytest.raises(UnknownModel, match="model is empty; name one, or leave it out"):
            ask("a cat", model=empty, force=force)
    rows = ["a cat", {"prompt": "a cat", "model": "z-image-turbo"}, {"prompt": "a cat", "model": empty}]
    outcomes = qwave.batch(rows, model=empty, force=force).results()
    assert [type(one.error) for one in outcomes] == [UnknownModel, type(None), UnknownModel]
    assert len(server.bodies) == made + 1


@pytest.mark.parametrize("empty", ["", " ", "\t \t"])
def test_empty_folder_is_not_the_working_folder(ours, server, submit, empty):
    gallery = submit().result()
    made = len(server.bodies)
    calls = [
        lambda: qwave.generate("a cat", save=empty),
        lambda: qwave.submit("a cat", save=empty),
        lambda: qwave.batch(["a cat"], save=empty),
        lambda: qwave.batch(["a cat"], write=empty),
        lambda: qwave.resume(save=empty),
        lambda: gallery.save(empty),
    ]
    for call in calls:
        with pytest.raises(OptionMistake, match="is empty; give a path"):
            call()
    assert len(server.bodies) == made


@pytest.mark.parametrize("key", [3, b"sk-secret-0123456789", ["sk-secret-0123456789"], True, object()])
def test_key_of_another_type_is_refused_unseen(clean_environment, key):
    with pytest.raises(ConfigurationError, match=f"key must be text; it was of type {type(key).__name__}") as refused:
        qwave.Session(key=key)
    assert "secret" not in str(refused.value)
    frames = [frame.f_locals for frame, _ in traceback.walk_tb(refused.value.__traceback__)][1:]
    assert frames
    assert "secret" not in repr([repr(held) for held in frames])


@pytest.mark.parametrize("given", [3, "x", object(), dict])
@pytest.mark.parametrize("name", ["clock", "frontend"])
def test_part_of_another_type_is_refused(clean_environment, name, given):
    with pytest.raises(OptionMistake, match=f"^{name} must be a "):
        qwave.Session(**{name: given})


@pytest.mark.parametrize("given", [3, "a cat", None, object()])
def test_what_is_no_request_is_refused(clean_environment, given):
    session = qwave.Session(demo=True, home=clean_environment)
    for call, wanted in (
        (session.start, "request must be what build returned"),
        (session.live_estimate, "request must be what build returned"),
        (session.prepare_sweep, "sweep must be what plan_sweep returned"),
        (session.present, "job must be a job, as submit returns it"),
    ):
        with pytest.raises(OptionMistake, match=f"^{wanted}"):
            call(given)
    assert not session.jobs
    assert not session.batches


@pytest.mark.parametrize("given", [3, "x", [], object(), ThreadPoolExecutor])
def test_executor_of_another_type_is_refused(clean_environment, given):
    session = qwave.Session(demo=True, home=clean_environment, save_dir=clean_environment)
    with pytest.raises(OptionMistake, match=r"^executor must be an executor of concurrent\.futures; it was "):
        session.batch(["a cat"], executor=given)
    assert not session.batches
