"""Whatever a public function or method is given ends in a value or in our own error; a new one is found by its name."""

from __future__ import annotations

import inspect
import io

import pytest

import qwave_jupyter as qwave
import qwave_jupyter.jobs.job
from qwave_jupyter import api
from qwave_jupyter.errors import GenerationError, QwaveError
from qwave_jupyter.images.gallery import Gallery, GeneratedImage
from qwave_jupyter.jobs.job import Job
from qwave_jupyter.session import Session
from tests.fake_session import replace_default
from tests.image_factory import plain
from tests.unit.test_fuzz_public import ODD, attempt

#: What IPython calls with its shell, and what is given objects of a protocol.
LEFT_OUT = {
    "load_ipython_extension": "IPython calls it",
    "unload_ipython_extension": "IPython calls it",
    "QwaveError": "ours to raise",
    "Gallery": "made by us; its methods are below",
    "GeneratedImage": "made by us; its methods are below",
    "Job": "made by us; its methods are below",
    "Session.register": "takes what start made",
    "Session.register_batch": "takes what batch made",
    "Session.start": "takes what build made",
    "Session.prepare_sweep(sweep)": "takes what plan_sweep made",
    "Session.live_estimate": "takes what build made",
    "Session.learn": "takes what the server said",
    "Session.serves_demo": "takes settings",
    "Session.save_folder": "takes settings",
    "Session.present": "takes a job",
    "Session.spawn": "takes a function",
    "Session.embedded_demo": "the demo's own object",
    "Session.limits(force)": "a flag",
    "Gallery.count": "a sequence's, with its own errors",
    "Gallery.index": "a sequence's, with its own errors",
    "Job.resume": "takes a record",
    "Job.of_failure": "takes a record",
    "Job.subscribe": "takes a function",
    "Job.add_done_callback": "takes a function",
    "Job.add_made_callback": "takes a function",
    "Job.count_in": "takes a budget",
}
#: Sound values of what has to be given.
SOUND = {
    "prompt": "a cat",
    "rows": ["a cat"],
    "model_id": "gpt-image-2",
    "sweeps": ["seed=1,2"],
    "jobs": [],
    "limit": 3,
}


class Target:
    """A function or method, and the parameters that may be given something odd."""

    def __init__(self, name, owner=None):
        self.name = name
        self.owner = owner
        found = getattr(owner or qwave, name.rpartition(".")[2])
        takes = inspect.signature(found).parameters.values()
        self.takes = [one for one in takes if one.name not in {"self", "cls"}]
        self.parameters = [one for one in self.takes if f"{name}({one.name})" not in LEFT_OUT]


def list_targets():
    names = [name for name in qwave.__all__ if name not in LEFT_OUT]
    targets = [Target(name) for name in names]
    for owner in (Session, Gallery, GeneratedImage, Job):
        for name, member in inspect.getmembers(owner, callable):
            full = f"{owner.__name__}.{name}"
            if name.startswith("_") or full in LEFT_OUT or (owner is Session and hasattr(api, name)):
                continue
            if inspect.isfunction(member) and not inspect.iscoroutinefunction(member):
                targets.append(Target(full, owner))
    return [one for one in targets if one.parameters]


TARGETS = list_targets()


@pytest.fixture
def made(clean_environment, monkeypatch, small_images, short_waits):
    """One of each, over a demo; orders that are let through end at once."""
    session = replace_default(monkeypatch)
    session.configure(model="gpt-image-2")
    session.use_demo(latency=0.05)
    image = session.generate("a cat")[0]
    job = session.jobs[0]

    def start(job):
        job._started = True
        job._runner.mark_failed(GenerationError("generation.no_images", task_id="", job_id=job.id))
        return job

    monkeypatch.setattr(Job, "start", start)
    # One that isn't over, so that a wait looks at its time.
    job = Job(job.request, session.context())
    monkeypatch.setattr(qwave_jupyter.jobs.job, "wait_for", lambda over, *_: over.is_set())
    monkeypatch.chdir(clean_environment)
    yield {"Session": session, "Gallery": Gallery([image]), "GeneratedImage": image, "Job": job}
    session.stop_demo()


def call(target, made, parameter, value):
    """Call a target with one odd value, and use what comes of it."""
    function = getattr(made[target.owner.__name__] if target.owner else qwave, target.name.rpartition(".")[2])
    if target.name == "Session":
        function = Session
    positional, named = [], {}
    for one in target.takes:
        is_odd = one.name == parameter.name
        if one.kind is one.VAR_KEYWORD:
            named.update({"anything": value} if is_odd else {})
        elif one.kind is one.VAR_POSITIONAL:
            positional.extend([value] if is_odd else [])
        elif not is_odd and one.default is not one.empty:
            continue
        else:
            given = value if is_odd else find_sound(one.name, target.name, made)
            if one.kind is one.KEYWORD_ONLY:
                named[one.name] = given
            else:
                positional_or_named(one, given, positional, named, target)
    result = function(*positional, **named)
    if inspect.isgenerator(result):
        result = list(result)
    if hasattr(result, "close_all"):
        result.close_all()
    elif hasattr(result, "close") and not isinstance(result, io.IOBase):
        result.close()


def positional_or_named(one, given, positional, named, target):
    is_first = [each.name for each in target.takes].index(one.name) == len(positional)
    if is_first and not named:
        positional.append(given)
    else:
        named[one.name] = given


def find_sound(name, target, made):
    if name in {"image", "other"}:
        return made["GeneratedImage"]
    if name == "mask":
        return plain()
    if name == "path":
        return made["GeneratedImage"].path
    if name in {"folder", "file"}:
        return "kept"
    if name == "sweep":
        return made["Session"].plan_sweep("a cat", ["seed=1,2"])
    if name in SOUND:
        return SOUND[name]
    message = f"{target} needs {name}: give a sound value in SOUND, or a reason in LEFT_OUT"
    raise AssertionError(message)


def test_every_public_name_is_called_or_left_out_with_a_reason():
    called = {one.name for one in TARGETS if one.owner is None}
    others = set(qwave.__all__) - called - set(LEFT_OUT)
    assert not [name for name in others if inspect.signature(getattr(qwave, name)).parameters]
    assert {"submit", "batch", "use_demo", "resume", "history", "read_provenance", "configure", "Session"} <= {
        one.name for one in TARGETS
    }
    assert {"Session.plan_sweep", "GeneratedImage.compare", "Job.result"} <= {one.name for one in TARGETS}


def test_left_out_names_exist():
    for name in LEFT_OUT:
        owner, _, rest = name.partition("(")[0].rpartition(".")
        assert hasattr({"Session": Session, "Job": Job, "Gallery": Gallery}.get(owner, qwave), rest), name


@pytest.mark.slow_except("[generate", "[configure", "[Job.", "[Gallery.s")
@pytest.mark.parametrize("target", TARGETS, ids=lambda one: one.name)
def test_odd_arguments_end_in_our_errors(made, target):
    for parameter in target.parameters:
        for value in ODD:
            try:
                attempt(lambda parameter=parameter, value=value: call(target, made, parameter, value))
            except (QwaveError, AssertionError):
                raise
            except Exception as problem:
                message = f"{target.name}({parameter.name}={type(value).__name__}) raised {type(problem).__name__}"
                raise AssertionError(message) from problem
