"""What people write instead: a session with retries, a loop, a list of what failed.

Not a caricature: urllib3's own retries with the statuses that every example lists, a time-out, a
limit, and a results file at the end. `python naive_script.py SOURCE RESULTS`.
"""

from __future__ import annotations

import csv
import json
import os
import sys

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

URL = os.environ["URL"] + "/v1/partner/bookings"


def main(source: str, results: str) -> None:
    """Post every row, and write down what came of it."""
    session = requests.Session()
    again = Retry(
        total=3,
        backoff_factor=0.05,
        status_forcelist=[429, 500, 502, 503, 504],
        allowed_methods=None,
        raise_on_status=False,
    )
    session.mount("http://", HTTPAdapter(max_retries=again))
    session.headers.update(
        {"x-api-key": os.environ["CLIENT"], "Authorization": "Bearer " + os.environ["TOKEN"]}
    )
    done = []
    with open(source, encoding="utf-8", newline="") as rows:  # noqa: PTH123 - as people write it
        for row in csv.DictReader(rows):
            row["location_id"] = int(row["location_id"])  # type: ignore[assignment] # as people write it
            try:
                answer = session.post(URL, json=row, timeout=2)
                answer.raise_for_status()
                done.append({"row": row["emr_patient_id"], "booked": answer.json()["id"]})
            except (requests.RequestException, KeyError, ValueError) as error:
                done.append({"row": row["emr_patient_id"], "failed": type(error).__name__})
    with open(results, "w", encoding="utf-8") as out:  # noqa: PTH123 - as above
        json.dump(done, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
