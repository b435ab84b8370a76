"""Real kernels of several generations, driven by the raw protocol."""

from __future__ import annotations

import contextlib
import fcntl
import queue
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parent.parent.parent
VERSIONS = ("6.31.0", "7.3.0", "7.4.0")


def python_with(version):
    """A Python with this ipykernel and this project; made on first need."""
    home = ROOT / ".kernels" / version
    python = home / "bin" / "python"
    home.parent.mkdir(exist_ok=True)
    with (home.parent / f"{version}.lock").open("w") as lock:
        # Tests run side by side, and only one of them may make it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            shutil.rmtree(home, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "--editable", str(ROOT), f"ipykernel=={version}"], check=True)
            (home / "ready").touch()
    return str(python)


class Kernel:
    """One kernel; cells are queued all at once, as "Run All" does."""

    def __init__(self, version, environment, folder, *, subshells=True):
        self.manager = KernelManager(kernel_name="python3")
        self.manager.kernel_spec.argv[0] = python_with(version)
        self.manager.start_kernel(env=environment, cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.outputs = {}
        self.replies = {}
        self.buttons = {}
        self.comms = {}
        self.said = []
        self.saved = {}
        self.displays = {}
        self.typed = ""
        self.subshell = self._own_subshell(version) if subshells else None

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()

    def _own_subshell(self, version):
        """JupyterLab sends what its widgets say to a subshell where the kernel has such."""
        if int(version.partition(".")[0]) < 7:
            return None
        request = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(request)
        return self.client.get_control_msg(timeout=20)["content"]["subshell_id"]

    def queue(self, *cells, stdin=True):
        """Send cells without waiting; their message ids."""
        return [self.client.execute(cell, allow_stdin=stdin, stop_on_error=True) for cell in cells]

    def run(self, cell, timeout=60):
        """Send one cell and wait for its reply."""
        (sent,) = self.queue(cell)
        self.wait(sent, timeout)
        return self.replies[sent]

    def wait(self, sent, timeout=60):
        """Wait for the reply to a cell, and for its last output."""
        self.until(lambda: sent in self.replies, timeout)
        self.until(lambda: sent in self.idle, timeout)

    def until(self, condition, timeout=60):
        """Read messages until a condition holds."""
        ends = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < ends, f"not in {timeout} s: {self.outputs}"
            self._read()

    @property
    def idle(self):
        return {sent for sent, messages in self.outputs.items() if any(one[0] == "idle" for one in messages)}

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
            here.append(("idle", None))
        elif kind == "status" and content["execution_state"] == "busy":
            here.append(("busy", None))
        elif kind == "comm_open":
            state = content.get("data", {}).get("state", {})
            self.comms[content["comm_id"]] = state
            if state.get("_model_name") == "ButtonModel":
                self.buttons[state["description"]] = content["comm_id"]
        elif kind == "comm_msg":
            self.comms.setdefault(content["comm_id"], {}).update(content["data"].get("state", {}))
        elif kind == "comm_close":
            self.comms.pop(content["comm_id"], None)
        elif kind in {"display_data", "execute_result", "update_display_data", "stream", "error"}:
            here.append((kind, content))

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

    def last(self, sent):
        """What a cell shows in the end, in words: markup and text of all that is saved of it."""
        found = []
        for output in self.saved.get(sent, []):
            found += [output.get("text", ""), output.get("evalue", "")]
            found += [output.get("data", {}).get(kind, "") for kind in ("text/html", "text/plain")]
        return "\n".join(found)

    def click(self, button):
        """Click a button, as a frontend does."""
        content = {
            "comm_id": self.buttons[button],
            "data": {"method": "custom", "content": {"event": "click"}},
        }
        self.send("comm_msg", content)

    def send(self, kind, content):
        """A message of a widget's, on the way that a frontend would choose."""
        message = self.client.session.msg(kind, content)
        if self.subshell is not None:
            message["header"]["subshell_id"] = self.subshell
        self.client.shell_channel.send(message)

    def interrupt(self):
        self.manager.interrupt_kernel()

    def text(self, sent):
        """All that a cell's outputs say in plain text."""
        found = []
        for kind, content in self.outputs.get(sent, []):
            if kind == "stream":
                found.append(content["text"])
            elif kind == "error":
                found.append(content["evalue"])
            elif content and "data" in content:
                found.append(content["data"].get("text/plain", ""))
        return "\n".join(found)

    def kinds(self, sent):
        return [kind for kind, _ in self.outputs.get(sent, []) if kind not in {"idle", "busy"}]


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
