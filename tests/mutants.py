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
INTERVALS = "lib/analysis/intervals.py"
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
    "workers whose NumPy has threads": (
        "lib/runs/workers.py",
        "    _one_thread()\n    gc.freeze()",
        "    gc.freeze()",
        "runs/test_workers.py",
    ),
    "summaries kept though a file has changed": (
        "lib/runs/results.py",
        "_held.get((*specification, *_checksums(run)))",
        "next((kept for key, kept in _held.items() if key[:3] == specification), None)",
        "runs/test_runs.py -k read_once",
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
    "a slope of 1 of ReLU at 0": (
        FAST,
        "h.clamp(min=0), (h > 0).to(h.dtype)",
        "h.clamp(min=0), (h >= 0).to(h.dtype)",
        "geometry/test_jacobians.py -k kinks",
    ),
    "no memory limit": (
        "lib/geometry/jacobians/memory.py",
        "return max(1, min(len(x), min(workspace, free // SHARE) // bytes_a_point))",
        "return len(x)",
        "geometry/test_jacobians.py -k memory",
    ),
    "a trace bound divided by d + 1": (
        "lib/geometry/bounds/pointwise.py",
        "(point.latent_dim - point.trace).square() / point.latent_dim",
        "(point.latent_dim - point.trace).square() / (point.latent_dim + 1)",
        "geometry/test_bounds.py",
    ),
    "Stein's bound without its bias": (
        "lib/geometry/bounds/expectation.py",
        "mean.square().sum() - bias + spread",
        "mean.square().sum() + spread",
        "geometry/test_bounds.py -k stein",
    ),
    "HC0 for HC1": (
        REGRESSION,
        'fit.get_robustcov_results("HC1")',
        'fit.get_robustcov_results("HC0")',
        "measures/test_regression.py -k robust",
    ),
    "detectors about the test median": (
        "lib/analysis/tournament.py",
        "np.nanmedian(known) if",
        "np.nanmedian(inside) if",
        "analysis/test_tournament.py -k detection",
    ),
    "an effect in deviations of the strange points": (
        "lib/analysis/tournament.py",
        "/ np.nanstd(inside)",
        "/ np.nanstd(outside)",
        "analysis/test_tournament.py -k detection",
    ),
    "a doubled interval of paired differences": (
        INTERVALS,
        "half = special.stdtrit",
        "half = 2 * special.stdtrit",
        "analysis/test_claims.py -k paired",
    ),
    "a doubled interval of paired shares": (
        "lib/analysis/diagnosis.py",
        "float(z * np.sqrt(variance))",
        "float(2 * z * np.sqrt(variance))",
        "analysis/test_diagnosis.py -k by_hand",
    ),
    "Fisher's interval for Bonett and Wright's": (
        INTERVALS,
        "sqrt((1 + bounded**2 / 2) / (count - 3))",
        "sqrt(1 / (count - 3))",
        "analysis/test_claims.py -k bonett",
    ),
    "a halved interval of the partial R2": (
        "lib/analysis/claims/ours.py",
        "half = 2 * Z * sqrt(r2)",
        "half = Z * sqrt(r2)",
        "analysis/test_our_claims.py -k partial",
    ),
    "limits taken for known numbers": (
        "lib/analysis/limits.py",
        "stats.betabinom.sf(count - 1, points, 2 * k, size + 1 - 2 * k)",
        "stats.binom.sf(count - 1, points, 2 * k / (size + 1))",
        "analysis/test_diagnosis.py -k like_the_reference",
    ),
    "own claims as if of other points": (
        "lib/analysis/claims/ours.py",
        "first**2 + second**2 - shared",
        "first**2 + second**2",
        "analysis/test_our_claims.py -k same_points",
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
