"""Works out what every customer of a mobile operator is owed, posts the difference, writes the files.

    files → typed frames + rejected rows → should-be charges → what each claim is owed → minus what was posted
          → plan → ledger → outputs

Rules are pure functions from frames to a frame of claims; they see neither the ledger nor the clock. Settlement
subtracts what was posted, once. A plan is a value: `--dry-run` shows it and `run` posts it. The commit to the ledger
is the only moment when something becomes true; every output is written from the ledger afterwards.
"""
