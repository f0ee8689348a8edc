#!/bin/sh
# run_tier.sh PROGRAM TIER ARGUMENTS...: runs quern_golden on one kernel tier. Exit code 77 (skipped): this CPU lacks it.
# $QUERN_EMULATOR: the command that runs programs of another architecture.
program=$1
tier=$2
shift 2
if [ "$tier" = best ]; then
  exec ${QUERN_EMULATOR:-} "$program" "$@"
fi
flag() { grep -q -w "$1" /proc/cpuinfo; }
case $tier in
  avx2) flag avx2 && flag fma && flag f16c || { echo "skipped: this CPU has no AVX2"; exit 77; } ;;
  avx2-plain) flag avx_vnni || { echo "skipped: this CPU has no AVX-VNNI, its avx2 tier is plain"; exit 77; } ;;
  avx512) flag avx512f && flag avx512bw && flag avx512vl && flag avx512dq || { echo "skipped: this CPU has no AVX-512"; exit 77; } ;;
  amx) flag amx_tile && flag amx_bf16 && flag amx_int8 || { echo "skipped: this CPU has no AMX"; exit 77; } ;;
esac
QUERN_FORCE_ISA=$tier exec ${QUERN_EMULATOR:-} "$program" "$@"
