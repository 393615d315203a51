# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Bounds: what eigenvalues can say about an error
#
# Do the eigenvalues at a point bound the error there? This page proves that alone they cannot. It then gives exact expressions for the error in terms of a second point, of a neighbourhood and of a second application of the network, and draws bounds from them. The statements are held against trained networks; what was checked, and where, is told at the end.
#
# :::{admonition} Our reading
# :class: note
# The paper states bounds for the mean squared error of a point under assumptions on the orthogonality of eigenvectors. The text of its theorems and their proofs was not available to us, so they are neither reproduced nor judged here.
# Every theorem on this page is **ours**, with its proof, unless a classical source is named. What orthogonal eigenvectors would give is {prf:ref}`thm-orthogonal`; how far the eigenvectors of trained networks are from orthogonal is measured after it.
# :::
#
# The notation is that of the page on [geometry](geometry): $r(x)=f(x)-x$ is the residual, $N\cdot\mathrm{MSE}(x)=\lvert r(x)\rvert^2$, $\lvert\cdot\rvert$ is the Euclidean length of a vector and the spectral norm of a matrix, $\lvert\cdot\rvert_F$ the Frobenius norm, $I_d$ an identity matrix. The networks are chains of affine maps and ReLUs.
#
# ## What no bound can do
#
# :::{prf:proposition} No bound from the spectrum at a point
# :label: prop-no-go
# Let $d<N$. For every real matrix $K$ of size $d\times d$, every $x\in I$ and every $r_0\in I$ there is an autoencoder with core $K$ at $x$ and residual $r(x)=r_0$. So no function of the eigenvalues at $x$ alone bounds $\mathrm{MSE}(x)$ from above, and none that is ever positive bounds it from below.
# :::
#
# :::{prf:proof}
# Let $Q$ be $N\times d$ with orthonormal columns, $E(y)=KQ^\top(y-x)$ and $D(z)=Qz+x+r_0$. The core is $KQ^\top Q=K$, and $f(x)=D(0)=x+r_0$.
# :::
#
# It can be seen in the plane. Take the network of {prf:ref}`rem-plane` and move all that its decoder returns by the same step. No Jacobian notices.

# %% tags=["parameters"]
runs: list[str] = ["mnist-300", "digits"]  # the first with networks is shown

# %% mystnb={"image": {"alt": "Left, arrows from points of the data to their images under two networks; those of the second are the first ones, moved by one step. Right, error against eigenvalue: at each eigenvalue the two networks have different errors."}}
import torch

from lib.geometry import jacobians
from lib.report import bounds as report, diagrams, style
from lib.training import toys

style.use_style()
data = toys.arc()
encoder, decoder = toy = toys.plane_autoencoder(data)
step = torch.tensor([0.5, 0.3]).double()
values = jacobians.cores(encoder, decoder, data[::3]).input.flatten()
codes = encoder(data[::3]).detach()
images = {"$f$": decoder, "$f$, moved": toys.shifted_decoder(decoder, step)}
images = {name: one(codes).detach().numpy() for name, one in images.items()}
diagrams.same_spectrum(data[::3].numpy(), values.numpy(), images)

# %% [markdown]
# Left: where the two networks take some of the data. Right: their errors against the eigenvalue of the core, which they share. A bound must bring in something else: a second point, an average over a neighbourhood, or an assumption about the network. That eigenvalues *go along* with errors over a data set, as the paper reports, is an
# empirical statement about networks trained on it, and the page on [prediction](prediction) tests it as one.
#
# ## An identity between two points
#
# Let $x$ and $a$ be two points. For a ReLU unit whose input is $h$ at $x$ and $h'$ at $a$, choose $m\in[0,1]$ with
#
# $$\mathrm{relu}(h)-\mathrm{relu}(h')=m\,(h-h') .$$
#
# If the unit is active at both points, $m=1$; if at neither, $m=0$; if at one, $m$ is $\max(h,h')/(\lvert h\rvert+\lvert h'\rvert)$. With these numbers in place of the ReLUs, the encoder becomes a matrix $\tilde A$ (between $x$ and $a$) and the decoder a matrix $\tilde B$ (between $E(x)$ and $E(a)$).
#
# :::{prf:theorem} Secant Jacobian
# :label: thm-secant
# For all $x,a\in I$, with $v=x-a$,
#
# $$r(x)-r(a)=(\tilde B\tilde A-I_N)\,v .$$
#
# $\tilde B\tilde A$ has the eigenvalues of the $d\times d$ matrix $\tilde A\tilde B$ and $N-d$ zeros. Where $x$ and $a$ share all activation patterns, $\tilde B\tilde A=J_I(x)=J_I(a)$.
# :::
#
# :::{prf:proof}
# An affine layer maps the difference of two inputs by its weight matrix. A layer of ReLUs maps it, unit by unit, by $m$: that is how $m$ was chosen. Layer by layer through $E$ this gives $E(x)-E(a)=\tilde A v$, and through $D$, from $E(x)$ and $E(a)$,
# $f(x)-f(a)=\tilde B\,(E(x)-E(a))=\tilde B\tilde A v$. Subtract $v$. The eigenvalues are those of {prf:ref}`prop-spectrum`. With equal patterns every $m$ is the slope of its unit at both points, and the products are the Jacobians.
# :::
#
# The theorem is exact at any distance. It says that the *change* of the residual, not the residual, is what a Jacobian determines; this is why an anchor $a$ is needed.
#
# ## Along the decoded manifold, and across it
#
# Let $Q$ be an $N\times d$ matrix with orthonormal columns whose span contains the image of $\tilde B$, so that $\tilde B=QR$ with $R=Q^\top\tilde B$. Split the step into its part along the span and its part across it: $v=Q\alpha+\beta$, $\alpha=Q^\top v$, $Q^\top\beta=0$. Put
#
# $$K_Q=R\tilde AQ,\qquad C=R\tilde A\,(I_N-QQ^\top).$$
#
# Then $CQ=0$ and $\tilde B\tilde A=Q\,(K_QQ^\top+C)$.
# $K_Q$ has the eigenvalues $\lambda_1,\dots,\lambda_d$ of $\tilde A\tilde B$, by {prf:ref}`prop-spectrum` for the $d\times d$ matrices $R$ and $\tilde AQ$, since $\tilde AQR=\tilde A\tilde B$. We call $C$ the *obliqueness*: through it what lies across the decoder's image is mapped into it.
#
# :::{prf:theorem} Tangent and normal part
# :label: thm-normal
# For all $x,a\in I$,
#
# $$\lvert r(x)-r(a)\rvert^2=\lvert\beta\rvert^2+\bigl\lvert(K_Q-I_d)\,\alpha+C\beta\bigr\rvert^2 .$$
# :::
#
# :::{prf:proof}
# $\tilde B\tilde Av=QR\tilde A(Q\alpha+\beta)=Q(K_Q\alpha+C\beta)$, because $\beta=(I_N-QQ^\top)\beta$. By {prf:ref}`thm-secant`, $r(x)-r(a)=Q\bigl((K_Q-I_d)\alpha+C\beta\bigr)-\beta$. The two terms are orthogonal, and $Q$ keeps lengths.
# :::

# %% mystnb={"image": {"alt": "Two points a and x of the plane and their images under the network. An arrow leads from a along a dotted line, then a second one at right angles to it to x. Dashed arrows are the residuals of the two points."}}
from lib.geometry import bounds

x, anchor = torch.tensor([[-1.25, 0.55], [-0.85, -0.45]]).double()[:, None]
form = bounds.secant(*toy, x, anchor)
ends = x, anchor, x + form.residual, anchor + form.anchor_residual
points = [point[0].numpy() for point in ends]
diagrams.split(*points, form.basis[0, :, 0].numpy())

# %% [markdown]
# The split, in the network of the plane. The decoder can move the image only along the dotted line. So the part $\beta$ of the step has to appear in the change of the residual, whole.
#
# :::{prf:corollary} Lower bounds without assumptions
# :label: cor-lower
# 1. $\lvert r(x)-r(a)\rvert\ge\lvert\beta\rvert=\lvert(I_N-QQ^\top)(x-a)\rvert$.
# 2. $\lvert r(x)\rvert\ge\lvert(I_N-QQ^\top)(x-f(a))\rvert$, the distance of $x$ from the flat through $f(a)$ that $Q$ spans.
# 3. If the span of $Q$ contains the image of $J_D(E(x))$, then $\lvert r(x)\rvert\ge\lvert(I_N-QQ^\top)\,r(x)\rvert$, the distance of $x$ from the flat through $f(x)$ that $Q$ spans. Where $J_D(E(x))$ has rank $d$, this is the plane tangent to the decoded manifold at $f(x)$.
# :::
#
# :::{prf:proof}
# The first is {prf:ref}`thm-normal` without its second term. For the second, $I_N-QQ^\top$ removes $\tilde B\tilde Av$ from $r(x)=r(a)+\tilde B\tilde Av-v$ and leaves $(I_N-QQ^\top)(r(a)-v)=(I_N-QQ^\top)(f(a)-x)$; a projection does not lengthen a vector. So much proves the third, for every differentiable decoder.
# :::
#
# :::{prf:corollary} Bounds from both sides
# :label: cor-two-sided
# With $\sigma_{\min}$ and $\sigma_{\max}$ the extreme singular values of $K_Q-I_d$ and $t_+=\max(t,0)$,
#
# $$\begin{aligned}\lvert r(x)-r(a)\rvert^2&\ge\lvert\beta\rvert^2+\bigl(\sigma_{\min}\lvert\alpha\rvert-\lvert C\beta\rvert\bigr)_+^2,\\ \lvert r(x)-r(a)\rvert^2&\le\lvert\beta\rvert^2+\bigl(\sigma_{\max}\lvert\alpha\rvert+\lvert C\beta\rvert\bigr)^2 .\end{aligned}$$
# :::
#
# :::{prf:proof}
# The triangle inequality for the second term of {prf:ref}`thm-normal`.
# :::
#
# In words: what of $x$ sticks out of the decoder's image is lost. {prf:ref}`cor-lower` uses no eigenvalue, and {prf:ref}`cor-two-sided` only singular values, those of $K_Q-I_d$, which says what happens to the part that does not stick out. The bound by the tangent plane takes only the network and the point; the others take an anchor, here the nearest other training point.
#
# The checks below are made in double precision on networks of the tables' depth, $d$ = {glue:text}`checked_dims:s`, at the points of the run (of a large data set: at its test points). On MNIST they are those of the run `mnist-300`, whose output is affine. A logistic output is not covered by the proofs on this page, except by the third part of {prf:ref}`cor-lower`; nor is it needed for what [geometry](geometry) proves of all differentiable maps.

# %%
from lib.runs import first_trainable, member, piecewise_affine, read
from lib.analysis.bound_checks import bound_checks, points_and_anchors

run = read(first_trainable(piecewise_affine(runs)))
by_run = {name: bound_checks(name) for name in piecewise_affine(runs)}

# %% tags=["remove-input"]
import pandas as pd
from IPython.display import Markdown
from myst_nb import glue

everything = pd.concat(by_run.values())
glue("checks", int(everything["applies"].sum()), display=False)
glue("violations", int(everything["violations"].sum()), display=False)
applied = everything.groupby("statement")["applies"].sum()
glue("statements", len(applied), display=False)
glue("statements_applied", int((applied > 0).sum()), display=False)
networks = everything[["latent_dim", "points"]][everything["statement"] == "trace"]
glue("networks", len(networks), display=False)
glue("pairs", int(networks["points"].sum()), display=False)
dims = sorted({int(d) for d in networks["latent_dim"]})
glue("checked_dims", ", ".join(map(str, dims)), display=False)

# %% tags=["remove-input"]
glue("checks_split", Markdown(report.checks(by_run, "split")), display=False)
own = by_run[run.name].set_index(["statement", "latent_dim"])["tightness_median"]
for name, statement in {"normal": "normal part", "tangent": "tangent plane"}.items():
    glue(f"{name}_first", float(own[statement].iloc[0]), display=False)
    glue(f"{name}_last", float(own[statement].iloc[-1]), display=False)
glue("shown_run", run.name, display=False)

# %% [markdown]
# ```{glue:md} checks_split
# :format: myst
# ```
#
# Under each $d$: for a bound, the median of bound divided by actual value, and in brackets what it is no looser than at 95 % of the points; for an identity, the largest error. On the run {glue:text}`shown_run:s` the part across the decoder's image has, in the median, {glue:text}`normal_first:.2f` of the length of the *change* of the residual at the smallest $d$ and {glue:text}`normal_last:.2f` at the largest. Of the length of the error itself, $\lvert r(x)\rvert$, the distance from the tangent plane is {glue:text}`tangent_first:.2f` and {glue:text}`tangent_last:.2f`: so much stands where no eigenvalue has a say.
#
# ## What orthogonal eigenvectors would give
#
# :::{prf:theorem} Orthogonal eigenvectors
# :label: thm-orthogonal
# $\tilde B\tilde A$ is normal, that is, has an orthonormal basis of eigenvectors, if and only if $C=0$ and $K_Q$ is normal. Then, with orthonormal eigenvectors $u_i$ of $K_Q$ for the eigenvalues $\lambda_i$,
#
# $$\lvert r(x)-r(a)\rvert^2=\lvert\beta\rvert^2+\sum_{i=1}^d\lvert1-\lambda_i\rvert^2\,\lvert\langle u_i,\alpha\rangle\rvert^2 ,$$
#
# and so $\lvert r(x)-r(a)\rvert^2$ lies between $\lvert\beta\rvert^2+\min_i\lvert1-\lambda_i\rvert^2\lvert\alpha\rvert^2$ and $\lvert\beta\rvert^2+\max_i\lvert1-\lambda_i\rvert^2\lvert\alpha\rvert^2$.
# :::
#
# :::{prf:proof}
# If $C=0$, then $\tilde B\tilde A=QK_QQ^\top$ is normal when $K_Q$ is. Conversely, a normal matrix and its transpose have the same kernel. $(\tilde B\tilde A)^\top=\tilde A^\top R^\top Q^\top$ vanishes on all vectors across the span of $Q$, so $\tilde B\tilde A=QR\tilde A$ does, too: $QC=0$, and $C=0$. Hence $\tilde B\tilde A=QK_QQ^\top$, and $K_Q$ is normal because this is.
# Expand $\alpha$ in the $u_i$ in {prf:ref}`thm-normal`.
# :::
#
# Under this assumption the eigenvalues do bound the change of the residual, from both sides. There are networks that meet it by construction.
#
# :::{prf:proposition} Tied weights
# :label: prop-tied
# Let $f(x)=W^\top\mathrm{relu}(Wx+b)+c$. Then $\tilde B\tilde A=W^\top MW$ with $M$ diagonal and entries in $[0,1]$: symmetric and positive semidefinite. {prf:ref}`thm-orthogonal` applies between any two points, and all eigenvalues are real and not negative.
# :::
#
# :::{prf:proof}
# $\tilde A=MW$ and $\tilde B=W^\top$.
# :::
#
# Such a network is trained here on the same data, and the theorem is held against it.

# %%
x, anchors = points_and_anchors(run)
tied = toys.tied_autoencoder(run.load_dataset().train.images.double(), 10)
form = bounds.secant(*tied, x, anchors)
orthogonal = [one for one in bounds.BETWEEN if "orthogonal" in one.__name__]
found = pd.DataFrame(bounds.statement_table([one(form) for one in orthogonal]))

# %% tags=["remove-input"]
by_size = {"tied weights": found.assign(latent_dim=10)}
glue("checks_tied", Markdown(report.checks(by_size, "orthogonal")), display=False)

# %% [markdown]
# ```{glue:md} checks_tied
# :format: myst
# ```

# %% tags=["remove-input"]
glue("tied_points", len(x), display=False)
glue("tied_applies", int(found["applies"].min()), display=False)
glue("tied_violations", int(found["violations"].sum()), display=False)
glue("tied_error", float(found["largest_error"].max()), display=False)

# %% [markdown]
# With tied weights the theorem applies at {glue:text}`tied_applies:d` of {glue:text}`tied_points:d` points, with {glue:text}`tied_violations:d` violations, and the identity holds to {glue:text}`tied_error:.0e`.
#
# The networks of this book are not tied. If one used the upper bound for them all the same, at which share of the points would it be broken?

# %%
shares = {}
for name, frame in by_run.items():
    naive = frame[frame["statement"] == "orthogonal eigenvectors, upper"]
    naive = naive.set_index("latent_dim")
    shares[name] = naive["broken_without"] / naive["points"]
broken = pd.DataFrame(shares).sort_index().T
broken.rename_axis(columns="d").map("{:.1%}".format, na_action="ignore")

# %% tags=["remove-input"]
glue("normal_pairs", int(applied["orthogonal eigenvectors, upper"]), display=False)
glue("broken_first_low", float(broken.iloc[:, 0].min()), display=False)
glue("broken_first_high", float(broken.iloc[:, 0].max()), display=False)
glue("broken_last", float(broken.iloc[:, -1].max()), display=False)

# %% [markdown]
# Of {glue:text}`pairs:,d` pairs of a point and a network, $\tilde B\tilde A$ is normal, up to rounding, at {glue:text}`normal_pairs:d`. The bound is broken at {glue:text}`broken_first_low:.0%` to {glue:text}`broken_first_high:.0%` of the points at the smallest $d$, and at no more than {glue:text}`broken_last:.1%` at the largest. Where it holds, it is for another reason than the theorem's, whose assumption fails. Whether the paper's assumptions are the same as this one, we cannot tell.
#
# How far are these networks from normal? Henrici's departure {cite}`henrici1962` measures it, and tells what can still be said. By Schur's theorem {cite}`schur1909` there is a unitary $U$ with $K_Q=U(\Lambda+T)U^*$, $\Lambda$ the diagonal matrix of the eigenvalues and $T$ strictly upper triangular.
#
# :::{prf:theorem} Without orthogonality
# :label: thm-schur
# Let $p^2=\lvert\beta\rvert^2+\sum_i\lvert1-\lambda_i\rvert^2\lvert(U^*\alpha)_i\rvert^2$ and $\mathrm{dep}^2=\lvert\tilde B\tilde A\rvert_F^2-\sum_i\lvert\lambda_i\rvert^2$. Then $\mathrm{dep}^2=\lvert T\rvert_F^2+\lvert C\rvert_F^2$, and
#
# $$\bigl\lvert\,\lvert r(x)-r(a)\rvert-p\,\bigr\rvert\le\lvert TU^*\alpha+U^*C\beta\rvert\le\mathrm{dep}\cdot\lvert v\rvert .$$
# :::
#
# :::{prf:proof}
# By {prf:ref}`thm-normal`, $r(x)-r(a)=y+QU(TU^*\alpha+U^*C\beta)$ with $y=QU(\Lambda-I_d)U^*\alpha-\beta$, and $\lvert y\rvert=p$. The triangle inequality gives the first bound, the inequality of Cauchy and Schwarz the second:
# $\lvert T\rvert_F\lvert\alpha\rvert+\lvert C\rvert_F\lvert\beta\rvert\le(\lvert T\rvert_F^2+\lvert C\rvert_F^2)^{1/2}(\lvert\alpha\rvert^2+\lvert\beta\rvert^2)^{1/2}$. As $\tilde B\tilde A=Q(K_QQ^\top+C)$ with $CQ=0$, $\lvert\tilde B\tilde A\rvert_F^2=\lvert K_Q\rvert_F^2+\lvert C\rvert_F^2$, and $\lvert K_Q\rvert_F^2=\lvert\Lambda\rvert_F^2+\lvert T\rvert_F^2$.
# :::

# %%
pairs = {}
for d in by_run[run.name]["latent_dim"].unique():
    encoder, decoder = member(run.name, run.table_depth, int(d), run.seeds[0])
    pairs[d] = encoder.double(), decoder.double()

# %%
departures = {}
for d, pair in pairs.items():
    form = bounds.secant(*pair, x[-1000:], anchors[-1000:])
    oblique = form.oblique.square().sum(dim=(1, 2)) / form.departure.square()
    whole = form.departure / form.frobenius
    eigenvectors = torch.linalg.eig(form.core).eigenvectors
    diagonalisable = (torch.linalg.cond(eigenvectors) < 1e8).sum()
    flips = bounds.flipped_units(torch.nn.Sequential(*pair[0], *pair[1]), x, anchors)
    shares = diagonalisable, (flips == 0).double().mean()
    departures[d] = [float(one) for one in (whole.median(), oblique.median(), *shares)]
    examined = len(form.core)

# %%
names = ["departure / Frobenius norm", "share of C in its square"]
names += ["number diagonalisable", "share of pairs in one region"]
departure = pd.DataFrame(departures, names)
departure.rename_axis(columns="d").map("{:.4g}".format)

# %% tags=["remove-input"]
glue("departure_low", float(departure.iloc[0].min()), display=False)
glue("departure_high", float(departure.iloc[0].max()), display=False)
glue("oblique_low", float(departure.iloc[1].min()), display=False)
glue("diagonalisable", int(departure.iloc[2].sum()), display=False)
glue("examined", examined * len(pairs), display=False)
glue("one_region", float(departure.iloc[3].max()), display=False)
body = report.checks(by_run, "orthogonal", "departure")
glue("checks_orthogonal", Markdown(body), display=False)

# %% [markdown]
# The departure is 0 for a normal matrix and at most the Frobenius norm. Here its median is {glue:text}`departure_low:.2f` to {glue:text}`departure_high:.2f` of it, and at least {glue:text}`oblique_low:.0%` of its square is obliqueness, $\lvert C\rvert_F^2$. Of {glue:text}`examined:d` $K_Q$, at the last points of the run for each $d$, {glue:text}`diagonalisable:d` have a basis of eigenvectors, of condition number below $10^8$; it is not an orthonormal one. At most {glue:text}`one_region:.1%` of the points share a region with their nearest training point. The picture shows what obliqueness is.

# %% mystnb={"image": {"alt": "The unit circle, a longer straight segment through its centre that is its image, a dashed line for the deleted direction and a dotted line at right angles to the image; dashed and dotted lines differ by a wide angle."}}
form = bounds.secant(*toy, data, data)
most = int((form.departure / form.frobenius).argmax())
unit = torch.eye(2).double().expand(len(data), 2, 2)
diagrams.oblique(form.second(form.first(unit))[most].numpy())

# %% [markdown]
# The Jacobian of the network in the plane at the data point where it is farthest from normal. It flattens the circle to a segment, and deletes a direction (dashed) that is not at right angles to it (dotted): which part of an image the encoder reads is not the part that the decoder writes.
#
# ```{glue:md} checks_orthogonal
# :format: myst
# ```
#
# The eigenvalues with the true correction (*Schur form*) enclose the change of the residual. With only the departure in its place (*departure, lower*) nothing is left: that bound is vacuous on these networks.
#
# ## Fixed points, and applying the network twice
#
# :::{prf:proposition} Virtual fixed point
# :label: prop-fixed
# Let $A=J_E(x)$, $B=J_D(E(x))$, $J=BA$, $K=AB$, and let 1 be no eigenvalue of $K$. Then
#
# $$x^*=f(x)+B\,(I_d-K)^{-1}A\,r(x)$$
#
# is the fixed point of the affine map $y\mapsto f(x)+J(y-x)$, with which $f$ agrees on the region of $x$, and $r(x)=(J-I_N)(x-x^*)$. If $x^*$ has the activation pattern of $x$, it is a fixed point of $f$.
# :::
#
# :::{prf:proof}
# The fixed point solves $y-x=r(x)+J(y-x)$, that is $(I_N-J)(y-x)=r(x)$, which is the second statement. $I_N-J$ is invertible because $J$ has the eigenvalues of $K$ and zeros, and $(I_N-BA)^{-1}=I_N+B(I_d-AB)^{-1}A$, as multiplying out shows. So $y=x+r(x)+B(I_d-K)^{-1}Ar(x)$.
# :::

# %%
local = {d: bounds.local(*pair, x) for d, pair in pairs.items()}
rows = {}
for d, here in local.items():
    fixed, _, _ = bounds.fixed_points(here)
    units = torch.nn.Sequential(*here.encoder, *here.decoder)
    same = int((bounds.flipped_units(units, x, fixed) == 0).sum())
    rows[d] = [same, float((fixed - x).norm(dim=1).median())]
names = ["points at which x* has the pattern of x", "median distance from x to x*"]
fixed_points = pd.DataFrame(rows, names)
fixed_points.rename_axis(columns="d").map("{:.3g}".format)

# %% tags=["remove-input"]
glue("fixed_true", int(fixed_points.iloc[0].sum()), display=False)
glue("fixed_of", len(x) * len(local), display=False)

# %% [markdown]
# The virtual fixed point has the pattern of its point, and is then a true one, at {glue:text}`fixed_true:d` of {glue:text}`fixed_of:,d` pairs of a point and a network. Elsewhere it lies outside the region whose affine map it belongs to.
#
# :::{prf:theorem} Second application
# :label: thm-second
# Take the secant maps between $x$ and $f(x)$, and $Q$, $R$, $K_Q$, $C$ as above. Let $r(x)=Q\tau+\nu$ with $Q^\top\nu=0$. Then $g(z)-z=\tilde A\,r(x)$ at $z=E(x)$, $r(f(x))=\tilde B\tilde A\,r(x)$, and
#
# $$\begin{aligned}\lvert r(x)\rvert^2&\ge\lvert\nu\rvert^2+\bigl(\lvert r(f(x))\rvert-\lvert C\nu\rvert\bigr)_+^2/\sigma_1(K_Q)^2,\\ \lvert r(x)\rvert^2&\le\lvert\nu\rvert^2+\bigl(\lvert r(f(x))\rvert+\lvert C\nu\rvert\bigr)^2/\sigma_d(K_Q)^2 .\end{aligned}$$
#
# Where $\sigma_1(K_Q)=0$ the second term of the lower bound is dropped; where $\sigma_d(K_Q)=0$ there is no upper bound.
# :::
#
# :::{prf:proof}
# $E(f(x))-E(x)=\tilde A(f(x)-x)$ is the first identity. Applying $D$ to both ends, $f(f(x))-f(x)=\tilde B\bigl(E(f(x))-E(x)\bigr)$, the second. Hence $r(f(x))=Q(K_Q\tau+C\nu)$, and $\sigma_d(K_Q)\lvert\tau\rvert-\lvert C\nu\rvert\le\lvert r(f(x))\rvert\le\sigma_1(K_Q)\lvert\tau\rvert+\lvert C\nu\rvert$. Solve for $\lvert\tau\rvert$, and use $\lvert r(x)\rvert^2=\lvert\tau\rvert^2+\lvert\nu\rvert^2$.
# :::
#
# ## Averages over a neighbourhood
#
# An average over small steps brings in no second point, and here the eigenvalues enter without any assumption on eigenvectors. $\mathbb E$ is an expectation.
#
# :::{prf:theorem} Neighbourhood error
# :label: thm-neighbourhood
# Let $v$ be a random step with mean 0 and covariance $s^2I_N$ that stays within the region of $x$. With $J=J_I(x)$ and $K_Q$, $C$ formed from the Jacobians at $x$,
#
# $$\begin{aligned}\mathbb E\lvert r(x+v)\rvert^2&=\lvert r(x)\rvert^2+s^2\lvert J-I_N\rvert_F^2,\\ \lvert J-I_N\rvert_F^2&=N-d+\lvert K_Q-I_d\rvert_F^2+\lvert C\rvert_F^2 .\end{aligned}$$
#
# For steps along the tangent plane, $v=Q\eta$ with $\eta$ of covariance $s^2I_d$, it is $\lvert r(x)\rvert^2+s^2\lvert K_Q-I_d\rvert_F^2$.
# :::
#
# :::{prf:proof}
# In the region $r(x+v)=r(x)+(J-I_N)v$; square and take the mean. $\lvert J-I_N\rvert_F^2=\lvert J\rvert_F^2-2\operatorname{tr}J+N$, $\lvert J\rvert_F^2=\lvert K_Q\rvert_F^2+\lvert C\rvert_F^2$, $\operatorname{tr}J=\operatorname{tr}K_Q$, and $\lvert K_Q\rvert_F^2-2\operatorname{tr}K_Q=\lvert K_Q-I_d\rvert_F^2-d$. On the tangent plane, $(J-I_N)Q\eta=Q(K_Q-I_d)\eta$.
# :::
#
# :::{prf:corollary} By eigenvalues, trace and volume
# :label: cor-trace
# Let $\lambda_i$ be the eigenvalues of $K$. Then
#
# $$\begin{aligned}\lvert K_Q-I_d\rvert_F^2&\ge\sum_i\lvert1-\lambda_i\rvert^2=d-2\operatorname{tr}K+\sum_i\lvert\lambda_i\rvert^2,\\ \sum_i\lvert\lambda_i\rvert^2&\ge\max\Bigl\{\tfrac{(\operatorname{tr}K)^2}{d},\ \lvert\operatorname{tr}K^2\rvert,\ d\,\lvert\omega\rvert^{2/d}\Bigr\} .\end{aligned}$$
#
# In particular $\lvert K_Q-I_d\rvert_F^2\ge(d-\operatorname{tr}K)^2/d$. Also $\sum_i\lvert1-\lambda_i\rvert^2\ge d\,\lvert\det(I_d-K)\rvert^{2/d}$.
# :::
#
# :::{prf:proof}
# The first inequality is Schur's {cite}`schur1909` for $K_Q-I_d$ (see also {cite}`zhan2002`). The equality holds because $\sum_i\lambda_i$ is real. $\operatorname{tr}K=\sum_i\operatorname{Re}\lambda_i$ and Cauchy and Schwarz give $(\operatorname{tr}K)^2\le d\sum_i\lvert\lambda_i\rvert^2$; $\operatorname{tr}K^2=\sum_i\lambda_i^2$; the other two are the inequality of arithmetic and geometric means, for $\lvert\lambda_i\rvert^2$ and for $\lvert1-\lambda_i\rvert^2$.
# :::
#
# So trace and volume bound from below what the average error gains along the tangent plane. But not with the paper's sign. The paper finds larger errors where the trace is larger. Here $(d-\operatorname{tr}K)^2/d$ falls as the trace rises, as long as $\operatorname{tr}K<d$, which is so at {glue:text}`below_low:.0%` to {glue:text}`below_high:.0%` of the points of the networks of the run {glue:text}`shown_run:s`. The bound by the volume, $d-2\operatorname{tr}K+d\,\lvert\omega\rvert^{2/d}$, rises with the volume only while the trace stays as it is. In {prf:ref}`thm-stein`, too, the trace enters with a minus sign. None of these theorems gives the sign that the paper reports.
#
# The trace says more than the volume. A single eigenvalue 0 among ones makes $\omega=0$ and the sum 1; a volume that vanishes certifies one lost dimension. A trace of 0 makes the sum at least $d$.
#
# :::{prf:remark} Orientation and shrinking
# :label: rem-reversed
# If $\omega\le0$, some real eigenvalue is not positive, since complex ones come in conjugate pairs; so $\lvert K_Q-I_d\rvert\ge1$. Conversely $\lvert K_Q-I_d\rvert<1$ certifies $\omega>0$. If all $\lambda_i\in(0,1]$, then $(d-\operatorname{tr}K)^2/d\le\sum_i(1-\lambda_i)^2\le d-\operatorname{tr}K\le-\log\omega$, because $t^2\le t\le-\log(1-t)$ on $[0,1)$: trace and volume then bound this sum, though not the error, from above as well.
# Note also that $\operatorname{tr}J_I-N$ is the divergence of $r$, and $\operatorname{tr}J_L-d$ that of $g(z)-z$.
# :::
#
# :::{prf:theorem} Gaussian neighbourhoods of any size
# :label: thm-stein
# Let $v$ be normally distributed with mean 0 and covariance $s^2I_N$, $s$ of any size. Then
#
# $$\begin{aligned}\mathbb E\lvert r(a+v)\rvert^2&=\mathbb E\lvert f(a+v)-a\rvert^2+Ns^2-2s^2\,\mathbb E\operatorname{tr}J_I(a+v),\\ \mathbb E\lvert r(a+v)\rvert^2&\ge\lvert\mathbb E\,r(a+v)\rvert^2+\frac{s^2}{N}\bigl(N-\mathbb E\operatorname{tr}J_I(a+v)\bigr)^2 .\end{aligned}$$
# :::
#
# :::{prf:proof}
# $r(a+v)=h(v)-v$ with $h(v)=f(a+v)-a$, so $\lvert r\rvert^2=\lvert h\rvert^2-2\langle v,h\rangle+\lvert v\rvert^2$. $h$ is continuous and piecewise affine with finitely many pieces, hence Lipschitz, and Stein's identity {cite}`stein1981` says $\mathbb E\langle v,h(v)\rangle=s^2\,\mathbb E\operatorname{div}h=s^2\,\mathbb E\operatorname{tr}J_I(a+v)$: the first statement. By the same identity $\mathbb E\langle v,r-\mathbb E r\rangle=s^2(\mathbb E\operatorname{tr}J_I-N)$.
# Cauchy and Schwarz give $s^4(N-\mathbb E\operatorname{tr}J_I)^2\le Ns^2\,\mathbb E\lvert r-\mathbb Er\rvert^2$.
# :::
#
# The trace is the autoencoder's number of degrees of freedom in Stein's sense, and enters the expected error linearly.

# %% tags=["remove-input"]
glue("checks_average", Markdown(report.checks(by_run, "average")), display=False)
below = [float((here.trace < d).double().mean()) for d, here in local.items()]
glue("below_low", min(below), display=False)
glue("below_high", max(below), display=False)
by_dim = everything.groupby(["statement", "latent_dim"])["applies"].sum()
glue("shrinking", int(by_dim["shrinking"].sum()), display=False)
glue("shrinking_first", int(by_dim["shrinking"].iloc[0]), display=False)
glue("stein_points", int(by_dim["Stein, lower"].sum()) // len(networks), display=False)

# %% tags=["remove-input"]
median = everything.groupby("statement")["tightness_median"]
for name, statement in {"all": "eigenvalues", "alone": "trace"}.items():
    glue(f"{name}_low", float(median.min()[statement]), display=False)
    glue(f"{name}_high", float(median.max()[statement]), display=False)
vacuous = everything[everything["statement"] == "volume"]["vacuous"] > 0.5
glue("volume_nothing", int(vacuous.sum()), display=False)
parts = {}
for d, here in local.items():
    other = x.shape[1] - d + here.at_x.oblique.square().sum(dim=(1, 2))
    parts[d] = float((here.tangential_loss / (here.tangential_loss + other)).median())
glue("part_low", min(parts.values()), display=False)
glue("part_high", max(parts.values()), display=False)

# %% [markdown]
# ```{glue:md} checks_average
# :format: myst
# ```
#
# The neighbourhood identity is checked exactly, with steps of equal length along all coordinate axes within the certified radius ({prf:ref}`cor-radius`). Stein's identity is checked by simulation: the number is the largest of its $z$-scores, and five standard errors are allowed. All eigenvalues lie in $(0,1]$ (*shrinking*) at {glue:text}`shrinking:,d` of {glue:text}`pairs:,d` pairs of a point and a network, {glue:text}`shrinking_first:,d` of them at the smallest $d$.
#
# ## Bound against actual

# %% mystnb={"image": {"alt": "Six panels of dots around or on one side of a diagonal: lower bounds below it, close for the normal part and the tangent plane, upper bounds above it."}}
d = sorted(pairs)[len(pairs) // 2]
some, near = x[-1000:], anchors[-1000:]
shown = {
    "normal part": "part across",
    "tangent plane": "tangent plane",
    "two-sided, upper": "two-sided",
    "Schur form, lower": "Schur form",
    "second application, lower": "second application",
    "second application, upper": "second application",
}
found = {one.name: one for one in bounds.evaluate(*pairs[d], some, near)}
report.bound_against_actual({shown[one]: found[one] for one in shown})

# %% tags=["remove-input"]
glue("plot_d", int(d), display=False)
glue("plot_points", len(some), display=False)

# %% [markdown]
# Six of the bounds against what they bound, at {glue:text}`plot_points:d` points of the run {glue:text}`shown_run:s`, $d$ = {glue:text}`plot_d:d`. Lower bounds are blue dots, upper bounds orange squares; on the line the two are equal.
#
# ## What was checked
#
# The tables of this page and of the page on [geometry](geometry) hold {glue:text}`statements:d` statements, of which {glue:text}`statements_applied:d` apply to some point of some network: **{glue:text}`violations:d` violations of {glue:text}`checks:,d` checks**, at {glue:text}`pairs:,d` pairs of a point and a network. `python -m lib bounds NAME` prints the same for one run.
#
# Not all of them are checked everywhere. {prf:ref}`thm-orthogonal` applies at {glue:text}`normal_pairs:d` of these pairs; it is checked on tied weights. {prf:ref}`prop-spectrum`, {prf:ref}`cor-radius` and {prf:ref}`thm-neighbourhood` take $N\times N$ matrices and are left out for large $N$, so that on MNIST they are not checked. {prf:ref}`thm-stein` is checked at {glue:text}`stein_points:d` points of each network, and of the chain of inequalities in {prf:ref}`rem-reversed` only the outermost. {prf:ref}`prop-coordinates` is checked at the smallest $d$ of one run. {prf:ref}`prop-no-go`, {prf:ref}`lem-regions` and {prf:ref}`prop-perfect` are proved and not checked. Of values of $d$ other than {glue:text}`checked_dims:s`, of other depths and of other seeds, nothing is said here.
#
# ## What to take away
#
# At a single point eigenvalues alone bound nothing. Between two points the change of the residual is known exactly: a part across the decoder's image, which no eigenvalue sees and which has most of its length, and a part along it, which would be a simple expression in the eigenvalues if their eigenvectors were orthogonal. In these networks they are not.
#
# What eigenvalues do bound, with no assumption, is what the average error *gains* by small steps along the tangent plane, from below. All of them together reach, in the median, {glue:text}`all_low:.2f` to {glue:text}`all_high:.2f` of it; the trace alone {glue:text}`alone_low:.2f` to {glue:text}`alone_high:.2f`; the volume nothing, at more than half of the points, in {glue:text}`volume_nothing:d` of {glue:text}`networks:d` networks. For steps in all directions this gain is itself a part: {glue:text}`part_low:.3f` to {glue:text}`part_high:.3f` of the whole in the run {glue:text}`shown_run:s`. Where $\operatorname{tr}K<d$ the bound by the trace falls as the trace rises, which is not the sign that the paper reports.
