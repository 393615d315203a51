"""Break the library in ways that matter, one at a time, and see which tests notice: `python tests/mutants.py [NAME ...]`.

Each mutant is a change of one line in a copy of the tree. A mutant that no test notices is a test that is missing; the
exit code is then 1. Some minutes.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FAST, REGRESSION = "lib/geometry/jacobians/fast.py", "lib/measures/regression.py"
MUTANTS = {  # name: file, the text as it stands, the text in its place, the tests that should notice
    "a transposed factor": (
        FAST,
        "core = torch.bmm(left, right.mT)",
        "core = torch.bmm(right, left.mT)",
        "geometry/test_jacobians.py",
    ),
    "a dropped mask": (
        FAST,
        "h.clamp(min=0), (h > 0).to(h.dtype)",
        "h.clamp(min=0), torch.ones_like(h)",
        "geometry/test_jacobians.py",
    ),
    "J_E at x instead of f(x)": (
        FAST,
        "latent=torch.bmm(encoder_side(slopes_f, on_entry)",
        "latent=torch.bmm(encoder_side(slopes_x, on_entry)",
        "geometry/test_jacobians.py",
    ),
    "rank bound from the wrong slopes": (
        FAST,
        "_rank_bound(latent_dim, slopes_f + slopes_z)",
        "_rank_bound(latent_dim, slopes_x + slopes_z)",
        "geometry/test_jacobians.py",
    ),
    "a standardisation over the wrong points": (
        REGRESSION,
        "error = standardise(mse)\n    exists = ~np.isnan(predictor)",
        "exists = ~np.isnan(predictor)\n    error = (mse - mse[exists].mean()) / mse[exists].std()",
        "measures/test_regression.py",
    ),
    "HC1 replaced by plain errors": (
        REGRESSION,
        'robust = fit.get_robustcov_results("HC1")',
        "robust = fit",
        "measures/test_regression.py",
    ),
    "a stale page cache": (
        "lib/pages/execution.py",
        "code_digest(modules), summaries",
        "summaries",
        "pages/test_pages.py -k key",
    ),
    "a stale summary": (
        "lib/runs/store.py",
        "content if run.committed or content",
        "content if True or content",
        "runs/test_runs.py",
    ),
    "the trace of the transpose of another core": (
        "lib/geometry/spectra.py",
        "cores.diagonal(dim1=1, dim2=2).sum(dim=1)",
        "cores.sum(dim=(1, 2))",
        "geometry/test_spectra.py",
    ),
    "an eigenvalue order by the real part": (
        "lib/geometry/spectra.py",
        "values.abs().argsort",
        "values.real.argsort",
        "geometry/test_spectra.py",
    ),
    "a last batch weighted as a whole one": (
        "lib/training/loop.py",
        "total += errors.detach() * batch.shape[1]",
        "total += errors.detach() * settings.batch_size",
        "training/test_loop.py",
    ),
    "the fused kernel everywhere": (
        "lib/training/loop.py",
        "((fused, True), (plain, False))",
        "((fused, True), (plain, True))",
        "training/test_loop.py",
    ),
    "a digest that hashes defaults": (
        "lib/runs/specification.py",
        "values.get(field.name, ...) == field.default",
        "False",
        "runs/test_runs.py -k digest",
    ),
}


def notices(name: str) -> bool:
    """Whether the tests notice the mutant: they fail in a copy of the tree that holds it."""
    path, old, new, tests = MUTANTS[name]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv*", "artifacts", "_build", "results"))
        (copy / "results").symlink_to(ROOT / "results")
        text = (copy / path).read_text()
        assert text.count(old) == 1, f"{name}: {path} holds {old!r} {text.count(old)} times; adapt the mutant."
        (copy / path).write_text(text.replace(old, new))
        files = [f"tests/{word}" if word.endswith(".py") else word for word in tests.split()]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-n0", "-q", "-x", *files],
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy)},
            capture_output=True,
            text=True,
        )
        failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        print(f"{'noticed' if failed else 'SURVIVED'}: {name}: {(failed or ['no test fails'])[0][:110]}", flush=True)
        return bool(failed)


if __name__ == "__main__":
    results = [notices(name) for name in sys.argv[1:] or MUTANTS]
    sys.exit(not all(results))
