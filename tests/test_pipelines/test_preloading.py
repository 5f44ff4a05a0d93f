"""What is loaded beside other work: whole when it is needed, never in the way, its errors told where they are met."""

import os
import subprocess
import sys

import pytest

BEGIN = "import sys, time; from pipelines.week import preloading; assert 'great_expectations' not in sys.modules\n"
BROKEN = "raise ImportError('this installation is broken')"


@pytest.fixture
def python(tmp_path):
    """Runs a program in a Python of its own, in a folder whose modules come first."""

    def run(program, **modules):
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(text)
        env = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, check=False)

    return run


def test_all_that_an_ingest_and_a_verdict_import_is_loaded_after_the_block(python):
    wanted = "'great_expectations', 'expectations.checkpoint', 'expectations.counting', 'pandas', 'deltalake'"
    done = python(f"{BEGIN}with preloading(): pass\nassert {{{wanted}}} <= set(sys.modules)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_process_that_ends_while_it_loads_ends_with_its_own_code_and_words(python):
    done = python(f"{BEGIN}with preloading(): time.sleep(0.3); print('enough', flush=True); sys.exit(3)")
    assert (done.returncode, done.stdout, done.stderr) == (3, "enough\n", "")


def test_what_cannot_be_loaded_is_said_by_who_needs_it_and_by_nobody_else(python):
    caught = "try:\n load()\nexcept ImportError as error:\n print(error)"
    program = f"{BEGIN}with preloading(): print('done')\nfrom expectations.checkpoint import load\n{caught}"
    done = python(program, great_expectations=BROKEN)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\nthis installation is broken\n", "")
