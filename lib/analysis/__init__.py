"""What results say: published values, evidence with intervals, claims, sensitivity, the tournament, diagnosis."""
