r"""The list of claims: every claim of the paper, and our own, tested on a run, with test and tolerance fixed beforehand.

A claim's test gives parts, each an estimate with a 95 % interval, signed so that a positive estimate supports the claim.
A claim of the paper is *reproduced* when every interval lies above zero, *contradicted* when one lies below,
else *undecided*; it is *not testable* where the run lacks what the test needs. Ours, on the same terms, *hold* or *do not hold*.
"""

from lib.analysis.claims.claim import (
    CONTRADICTED,
    FAILS,
    HOLDS,
    NOT_TESTABLE,
    OUR_WORDS,
    OURS,
    PAPERS_WORDS,
    REPRODUCED,
    UNDECIDED,
    Claim,
    Verdict,
)
from lib.analysis.claims.companions import COMPANION_CLAIMS
from lib.analysis.claims.ledger import (
    SEARCHED,
    claims_report,
    counts,
    evaluate_claims,
    ledger,
    over_seeds,
    without_lost,
)
from lib.analysis.claims.ours import OUR_CLAIMS
from lib.analysis.claims.paper import CLAIMS, POSITIVE_FROM, PRINTED
