"""Measures of networks: their signs were fixed before the grid was trained; each has its known answers."""

from lib.measures.protocol import every

# The larger, the larger the gap expected. Written down, in this order and with these signs, before the networks of
# results/tables/networks.csv were trained. None is to be turned round afterwards.
LARGER_MEANS_A_LARGER_GAP = [
    *("distortion", "mean_trace", "mean_log_volume", "mean_shrinkage", "mean_spectral"),
    *("trace_hessian", "hessian_ratio", "hessian_negative", "kernel_analysis", "noise_scale", "noise_scale_magnitude"),
    *("fro", "dist_init", "log_spectral", "fro_over_spectral", "path", "parameters"),
    *("redundancy", "epochs", "random_network"),
]


def test_the_measures_and_their_signs_are_those_fixed_beforehand():
    assert [measure.name for measure in every("network")] == LARGER_MEANS_A_LARGER_GAP
