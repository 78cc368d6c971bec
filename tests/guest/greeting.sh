# SPDX-License-Identifier: BSD-3-Clause
# What a person's shell in the guest begins with; sourced by bash. PROGRAMS, SIZE and NICS come from
# shell.py.
# shellcheck shell=bash disable=SC2154
PATH=$PROGRAMS:/usr/sbin:/usr/bin:/sbin:/bin
PS1='guest# '
IFS=x read -r rows columns <<<"$SIZE"
stty rows "$rows" cols "$columns"
bind 'set enable-bracketed-paste off' # its marks would come before what a command says
cd /tmp || exit
cat <<END

A guest with an IOMMU; its NICs are bound to vfio-pci: ${NICS//,/ }
Between the first and the second is a cable, and so on. For example:

  rousepmd --check
  rousepmd -l 0-2 -a 0000:01:00.0 -- --rxq=2 --txq=2 --forward-mode=rxonly --stats-period=1 &
  dpdk-testpmd -l 0,3 -a 0000:02:00.0 --file-prefix=far -- --forward-mode=flowgen --stats-period=1

"exit" ends it.

END
