cd /root/lab/keys; echo 19 > /proc/self/autogroup
export PYTHONPATH=$PWD/backend:$PWD/shared:$PWD/plugin OMP_NUM_THREADS=1
time .venv/bin/python -m keycel_backend.evaluate.inbetweens /work/shared/clips --every 4 8 --engine morph --sheets /root/lab/keys-sheets
