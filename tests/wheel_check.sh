#!/usr/bin/env bash
# The wheel as a stranger meets it: built, installed in a fresh environment outside the checkout, the demo and the
# first two notebooks run there, with no access to the checkout.
#
#     tests/wheel_check.sh                   builds and installs below a temporary folder, and deletes it
#     tests/wheel_check.sh python3.12        with another interpreter
set -euo pipefail
checkout="$(cd "$(dirname "$0")/.." && pwd)"
python="${1:-python3}"
room="$(mktemp -d)"
trap 'rm -rf "$room"' EXIT
export PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1 OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"
unset PYTHONPATH KGZSL_GRAPHS
cd "$room"

"$python" -m venv build
build/bin/pip install -q "hatchling>=1.26"
(cd "$checkout" && "$room/build/bin/python" -m hatchling build -t wheel -d "$room/dist") >/dev/null
wheel="$(echo "$room"/dist/kgzsl-*.whl)"
echo "built $(basename "$wheel"), $(( $(stat -c %s "$wheel") / 1024 )) kB"

"$python" -m venv venv
venv/bin/pip install -q -c "$checkout/constraints/cpu.txt" "$wheel[notebook]"
mkdir work
cp "$checkout"/notebooks/01_*.ipynb "$checkout"/notebooks/02_*.ipynb "$checkout/notebooks/execute.py" work/
cd work

where="$("$room/venv/bin/python" -c 'import kgzsl; print(kgzsl.__file__)')"
case "$where" in
  "$room"/venv/*) ;;
  *) echo "kgzsl was imported from $where, not from the wheel"; exit 1 ;;
esac

"$room/venv/bin/kgzsl" demo > demo.txt
grep -q "every number above was recomputed from graph and model" demo.txt
test -s kgzsl-demo.html
echo "kgzsl demo: $(grep -E '^graph-gp' demo.txt | tr -s ' ') (unseen top-1, top-5)"

"$room/venv/bin/python" execute.py --check 01_*.ipynb 02_*.ipynb
echo "the wheel runs the demo and the first two notebooks"
