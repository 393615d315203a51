r"""The ledger: every claim of the paper, and our own, held against a run, with test and tolerance fixed beforehand.

A claim's test gives parts, each an estimate with a 95 % interval, signed so that a positive estimate supports the claim.
A claim of the paper is *reproduced* when every interval lies above zero, *not reproduced* when one does not (contradicted
where it lies below zero, undecided where it straddles it), and *not testable here* where the run lacks what the test
needs. Ours, on the same terms, *hold* or *do not hold*.
"""

from lib.analysis.claims.claim import (
    FAILS,
    HOLDS,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    OURS,
    REPRODUCED,
    Claim,
    Verdict,
)
from lib.analysis.claims.ledger import claims_report, counts, evaluate_claims, ledger, of_page, without_lost
from lib.analysis.claims.ours import OUR_CLAIMS
from lib.analysis.claims.paper import CLAIMS, POSITIVE_FROM, PRINTED
