"""Real Jupyter kernels of several ipykernel generations, driven over the message protocol."""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parent.parent.parent
#: Seconds after which a wait is given up. It only guards against hanging: no test depends on its length.
HANG = 100
#: A generation's own packages, beside ipykernel itself; everything else is the environment's.
COMPANIONS = ("nest-asyncio", "nest-asyncio2", "psutil")


@dataclass(frozen=True)
class Generation:
    """One generation of ipykernel, and how it treats a widget's messages while a cell runs.

    Args:
        name: as tests and groups are called.
        version: the release to install beside the environment; None for the environment's own ipykernel.
        hears_clicks_when_blocked: whether a message is handled while a cell blocks the main thread in ``job.result()``.
        nests_loops: whether a blocking wait runs a nested event loop, with our pump for the messages; then a nested
            cell has a Cancel button too, asyncio tasks go on, and messages are handled in the order of sending.
        needs_subshells: whether an awaited cell hears a message only if the frontend sends it to a subshell.
    """

    name: str
    version: str | None = None
    hears_clicks_when_blocked: bool = False
    nests_loops: bool = False
    needs_subshells: bool = False

    @property
    def has_subshells(self) -> bool:
        """Whether a frontend can create subshells."""
        return not self.nests_loops

    def packages(self) -> str:
        """The folder with this generation's packages, installed on first need; empty for the environment's own."""
        return _install(self.version) if self.version else ""

    def environment(self, environment):
        """An environment in which ``sys.executable`` runs this generation and this checkout."""
        path = [self.packages(), str(ROOT), environment.get("PYTHONPATH", "")]
        return {**environment, "PYTHONPATH": os.pathsep.join(part for part in path if part)}


GENERATIONS = (
    Generation("6.31", "6.31.0", hears_clicks_when_blocked=True, nests_loops=True),
    Generation("7.3", "7.3.0", hears_clicks_when_blocked=True, needs_subshells=True),
    Generation("newest"),
)
NEWEST = GENERATIONS[-1]


def _install(version):
    home = ROOT / ".kernels"
    home.mkdir(exist_ok=True)
    target = home.resolve() / version
    with (home / f"{version}.lock").open("w") as lock:
        # Test processes run beside each other, and only one of them may install.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            with tempfile.TemporaryDirectory(dir=home, prefix=f"{version}-") as folder:
                command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
                command += ["--no-deps", "--target", f"{folder}/made", f"ipykernel=={version}", *COMPANIONS]
                subprocess.run(command, check=True)
                # A folder of that name is complete: it appears in one step.
                shutil.move(f"{folder}/made", target)
    return str(target)


#: Asks for a task every quarter of a second. Without a history the first question would come after four seconds and
#: the next ones up to five seconds apart, though the tests' tasks end at once, or when the test says so. A cancel has
#: more than its few seconds, so that a busy machine doesn't make it an unconfirmed one.
TIMES = (
    "from qwave_jupyter.client import polling; polling.MIN_DELAY = polling.MAX_DELAY = 0.25; "
    "from qwave_jupyter.jobs import runner; runner.CANCEL_WITHIN = 60.0; "
    "del polling, runner"
)
SETUP = f"%load_ext qwave_jupyter\n{TIMES}\nimport asyncio, json\nimport qwave_jupyter as qwave"
#: Cancels the jobs that a test has left, and waits until they have ended.
STOP_JOBS = """
def stop_jobs():
    from qwave_jupyter.session import default
    for batch in default().batches:
        if not batch.done():
            batch.stop()
    jobs = [job for job in default().jobs if not job.done()]
    for job in jobs:
        job.cancel(wait=False)
    for job in jobs:
        assert job.wait(10), job
try:
    stop_jobs()
finally:
    del stop_jobs
"""
#: What a test must leave as it was, or the kernel is restarted.
SURROUNDINGS = (
    "(lambda ip: (ip.autoawait, 'qwave' in ip.magics_manager.magics['cell'], len(ip.input_transformers_cleanup),"
    " len(ip.input_transformers_post), len(ip.Completer.custom_matchers)))(get_ipython())"
)


class Kernel:
    """One kernel; cells are queued all at once, as "Run All" does.

    Args:
        generation: of ipykernel.
        environment: its environment variables.
        folder: its working directory, which is also taken for QWAVE_HOME where ``home`` is left out.
        home: where its journal is.
        subshells: whether widget messages go to a subshell, where the kernel has such, as JupyterLab sends them.
        setup: the cell that runs first, and again after a restart.
    """

    def __init__(self, generation, environment, folder, *, home=None, subshells=True, setup=SETUP):
        self.generation = generation
        self.home = home or folder
        self.environment = environment
        self._folder = folder
        self._subshells = subshells and generation.has_subshells
        self._setup = setup
        self.restarts = 0
        self._start()

    def _start(self):
        self.manager = KernelManager(kernel_name="python3")
        self.manager.kernel_spec.argv[0] = sys.executable
        self.manager.start_kernel(env=self.generation.environment(self.environment), cwd=str(self._folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.sent = []
        self.ended = set()
        self.outputs = {}
        self.replies = {}
        self.comms = {}
        self.comm_cells = {}
        self.said = []
        self.saved = {}
        self.displays = {}
        self.display_cells = {}
        self.typed = ""
        self.subshell = None
        try:
            self.client.wait_for_ready(timeout=HANG)
            if self._subshells:
                self.subshell = self._create_subshell()
            if self._setup:
                assert self.run(self._setup)["status"] == "ok", self.describe()
            self._found = self._surroundings()
        except BaseException:
            self.close()
            raise
        self.begin()

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def restart(self):
        """Replace the kernel by a fresh one in the same place."""
        self.close()
        self.restarts += 1
        self._start()

    def _create_subshell(self):
        request = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(request)
        return self.client.get_control_msg(timeout=HANG)["content"]["subshell_id"]

    # Between tests

    def begin(self):
        """Start a test: what the journal knows already is none of its business."""
        self._known = len(journal_rows(self.home))

    def settle(self):
        """Leave the kernel idle, without jobs and as it was set up; restart it if nothing else helps."""
        if not (self._stop_cells() and self._stop_jobs()):
            self.restart()
        self.typed = ""

    def unfinished(self):
        """The cells that haven't been answered, and their last output sent."""
        return [sent for sent in self.sent if not (sent in self.replies and sent in self.ended)]

    def _stop_cells(self):
        for _ in range(3):
            if not self.unfinished():
                return True
            self.interrupt()
            with contextlib.suppress(AssertionError):
                self.until(lambda: not self.unfinished(), 5)
        return not self.unfinished()

    def _stop_jobs(self):
        return self._ask(STOP_JOBS).get("status") == "ok" and self._surroundings() == self._found

    def _surroundings(self):
        return self._ask("", found=SURROUNDINGS).get("user_expressions")

    def _ask(self, code, **expressions):
        """The reply to code that leaves no trace; empty if none comes."""
        options = {"silent": True, "store_history": False, "allow_stdin": False, "user_expressions": expressions}
        sent = self.client.execute(code, **options)
        try:
            self.wait(sent, 30)
        except AssertionError:
            return {}
        return self.replies[sent]

    # Cells

    def queue(self, *cells, stdin=True):
        """Send cells without waiting; their message ids."""
        sent = [self.client.execute(cell, allow_stdin=stdin, stop_on_error=True) for cell in cells]
        self.sent += sent
        return sent

    def run(self, cell, timeout=HANG):
        """Send one cell and wait for its reply."""
        (sent,) = self.queue(cell)
        self.wait(sent, timeout)
        return self.replies[sent]

    def said_by(self, cell, *, stdin=True):
        """Run one cell: its reply, what it says in plain text, and its message id."""
        (sent,) = self.queue(cell, stdin=stdin)
        self.wait(sent)
        return self.replies[sent], self.text(sent), sent

    def wait(self, sent, timeout=HANG):
        """Wait for the reply to a cell, and for its last output."""
        self.until(lambda: sent in self.replies and sent in self.ended, timeout)

    def until(self, condition, timeout=HANG):
        """Read messages until a condition holds."""
        ends = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < ends, f"not in {timeout} s:\n{self.describe()}"
            self._read()

    def describe(self):
        """What the last cells came to, for a failure's message."""
        lines = [f"generation {self.generation.name}, alive: {self.manager.is_alive()}"]
        for sent in self.sent[-6:]:
            status = self.replies.get(sent, {}).get("status", "no reply")
            lines.append(f"{sent[-8:]}: {status}, ended: {sent in self.ended}, shows {self.card(sent)[-600:]!r}")
        return "\n".join(lines)

    def interrupt(self):
        self.manager.interrupt_kernel()

    # What arrives

    def _read(self):
        try:
            message = self.client.get_iopub_msg(timeout=0.05)
        except queue.Empty:
            message = None
        if message is not None:
            self._sort(message)
        if self.client.stdin_channel.msg_ready():
            self.client.get_stdin_msg(timeout=1)
            self.client.input(self.typed)
        while self.client.shell_channel.msg_ready():
            reply = self.client.get_shell_msg(timeout=1)
            self.replies[reply["parent_header"].get("msg_id")] = reply["content"]

    def _sort(self, message):
        sent = message["parent_header"].get("msg_id")
        kind, content = message["msg_type"], message["content"]
        self.said.append(message)
        self._save(sent, kind, content)
        here = self.outputs.setdefault(sent, [])
        if kind == "status" and content["execution_state"] == "idle":
            self.ended.add(sent)
            here.append(("idle", None))
        elif kind == "status" and content["execution_state"] == "busy":
            here.append(("busy", None))
        elif kind == "comm_open":
            self.comms[content["comm_id"]] = content.get("data", {}).get("state", {})
            self.comm_cells[content["comm_id"]] = sent
        elif kind == "comm_msg":
            self.comms.setdefault(content["comm_id"], {}).update(content["data"].get("state", {}))
        elif kind == "comm_close":
            self.comms.pop(content["comm_id"], None)
        elif kind in {"display_data", "execute_result", "stream", "error"}:
            here.append((kind, content))
            name = content.get("transient", {}).get("display_id")
            if name:
                self.display_cells[name] = sent
        elif kind == "update_display_data":
            # A frontend shows it where the display is, whichever cell runs by then, and drops it where there is none.
            owner = self.display_cells.get(content["transient"]["display_id"])
            if owner is not None:
                self.outputs.setdefault(owner, []).append((kind, content))

    def _save(self, sent, kind, content):
        """Keep what a frontend would write into the notebook: of each display the last content only."""
        here = self.saved.setdefault(sent, [])
        name = content.get("transient", {}).get("display_id")
        if kind == "update_display_data":
            for output in self.displays.get(name, ()):
                output.update(data=content["data"], metadata=content["metadata"])
        elif kind in {"display_data", "execute_result"}:
            output = {"output_type": kind, "data": content["data"], "metadata": content["metadata"]}
            if kind == "execute_result":
                output["execution_count"] = content["execution_count"]
            if name:
                self.displays.setdefault(name, []).append(output)
            here.append(output)
        elif kind == "stream":
            here.append({"output_type": "stream", "name": content["name"], "text": content["text"]})
        elif kind == "error":
            here.append({"output_type": "error", **{key: content[key] for key in ("ename", "evalue", "traceback")}})

    # What a person sees

    def last(self, sent):
        """What a cell's output says now, without widgets: markup and text of all that is saved of it."""
        found = []
        for output in self.saved.get(sent, []):
            found += [output.get("text", ""), output.get("evalue", "")]
            found += [output.get("data", {}).get(kind, "") for kind in ("text/html", "text/plain")]
        return "\n".join(found)

    def card(self, sent):
        """What a cell's output says now, with the text of its live widgets."""
        live = [str(state.get("value", "")) for state in self.widgets(sent) if state.get("_model_name") == "HTMLModel"]
        return "\n".join([*live, self.last(sent)])

    def widgets(self, sent):
        """The states of the live widgets that a cell has opened."""
        return [state for name, state in self.comms.items() if self.comm_cells.get(name) == sent]

    def button(self, sent, description="Cancel"):
        """The comm of a live button in a cell's output, shown or not; None if there is none."""
        for name, state in self.comms.items():
            is_button = self.comm_cells.get(name) == sent and state.get("_model_name") == "ButtonModel"
            if is_button and state.get("description") == description:
                return name
        return None

    def shows_button(self, sent, description="Cancel"):
        """Whether a button is to be seen and can be clicked."""
        state = self.comms.get(self.button(sent, description), {"disabled": True})
        return not state["disabled"] and "qw-soon" not in state.get("_dom_classes", ())

    def shows_task(self, sent):
        """Whether a cell's card names its task: the server has it then."""
        return 'class="qw-mono qw-id"' in self.card(sent)

    def shows_image(self, sent):
        return any("image/jpeg" in output.get("data", {}) for output in self.saved.get(sent, ()))

    def text(self, sent):
        """All that a cell's outputs say in plain text."""
        found, before = [], None
        for kind, content in self.outputs.get(sent, []):
            if kind == "stream" and before == "stream":
                # One print may arrive in several messages.
                found[-1] += content["text"]
            elif kind == "stream":
                found.append(content["text"])
            elif kind == "error":
                found.append(content["evalue"])
            elif content and "data" in content:
                found.append(content["data"].get("text/plain", ""))
            before = kind
        return "\n".join(found)

    def new_rows(self):
        """What this test has added to the journal."""
        return journal_rows(self.home)[self._known :]

    def has_task(self):
        """Whether the newest job of this test has a task on the server, for what shows no card."""
        rows = self.new_rows()
        return bool(rows and rows[-1]["task_id"])

    # What a frontend sends

    def click(self, sent, description="Cancel"):
        """Wait until a button is to be seen in a cell's output, and click it."""
        self.until(lambda: self.shows_button(sent, description))
        content = {
            "comm_id": self.button(sent, description),
            "data": {"method": "custom", "content": {"event": "click"}},
        }
        self.send("comm_msg", content)

    def send(self, kind, content):
        """Send a widget's message, on the channel that a frontend would choose."""
        message = self.client.session.msg(kind, content)
        if self.subshell is not None:
            message["header"]["subshell_id"] = self.subshell
        self.client.shell_channel.send(message)


def journal_rows(home):
    """What the journal in a home knows; nothing before it exists."""
    if not (home / "journal.sqlite3").exists():
        return []
    try:
        with contextlib.closing(sqlite3.connect(f"file:{home}/journal.sqlite3?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute("SELECT * FROM jobs ORDER BY created")]
    except sqlite3.OperationalError:
        # It is being made at this moment.
        return []


def submitted(home):
    """Whether the newest job has a task on the server."""
    rows = journal_rows(home)
    return bool(rows and rows[-1]["task_id"])


def newest_version():
    """The ipykernel of this environment."""
    return metadata.version("ipykernel")
