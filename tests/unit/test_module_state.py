"""State lives in a session; what belongs to the whole process is named here, and there is no more of it."""

from __future__ import annotations

import ast
from pathlib import Path

import qwave_jupyter

PACKAGE = Path(qwave_jupyter.__file__).parent
#: The variables of modules, which are what is written in lower case outside of functions.
VARIABLES = {
    "session.py": {"_default"},
    # The kernel's frontend, which is there before any session: loading the extension makes none.
    "frontend.py": {"_installed"},
    # A key that was typed, for clients that were unpickled and have no session.
    "credentials.py": {"_typed", "_home"},
    # The language: an error's text is made when it is read, wherever that is.
    "i18n/__init__.py": {"_chosen", "_place"},
    # What a fork, a kill or the end of the interpreter finds: locks, connections, work that is waited for.
    "threads.py": {"_locks", "_held", "_exit_handlers", "_exit_numbers", "_exiting"},
    "jobs/journal/locks.py": {"_locks"},
    "jobs/journal/schema.py": {"_read_lock"},
    "jobs/journal/store.py": {"_inherited"},
}


def test_module_variables_are_the_process_s():
    found = {}
    for file in PACKAGE.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assigned = [node for node in tree.body if isinstance(node, (ast.Assign, ast.AnnAssign))]
        targets = {ast.unparse(one.targets[0] if isinstance(one, ast.Assign) else one.target) for one in assigned}
        names = {name for name in targets if name.islower() and name[0] == "_" != name[1]}
        if names:
            found[file.relative_to(PACKAGE).as_posix()] = names
        assert not any(isinstance(node, ast.Global) for node in ast.walk(tree)), file
    assert found == VARIABLES
