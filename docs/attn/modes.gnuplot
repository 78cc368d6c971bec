# SPDX-License-Identifier: BSD-3-Clause
# modes.svg from modes.csv, see modes.sh. Columns: mode, processors, sources, signal, wake, details.

set terminal svg size 760,480 font "sans,13" background "white"
set output "modes.svg"
set datafile separator ","

set title "A signal and a wake, by the number of processors"
set xlabel "processors, each with 64 sources (uniform: 64 sources in all)"
set ylabel "instructions, mean of 14"
set logscale x 2
set logscale y 10
set xrange [1:1024]
set yrange [30:30000]
set grid
set key left top


plot "modes.csv" using 2:(strcol(1) eq "shared" ? column(5) : NaN) \
	with linespoints pt 5 lw 2 lc rgb "#c0392b" title "wake, shared", \
     "" using 2:(strcol(1) eq "uniform" ? column(5) : NaN) \
	with linespoints pt 6 ps 1.4 lw 2 lc rgb "#7f8c8d" title "wake, uniform (refuses the 65th source)", \
     "" using 2:(strcol(1) eq "per-processor" ? column(5) : NaN) \
	with linespoints pt 7 ps 0.7 lw 2 lc rgb "#1f6fb2" title "wake, per-processor", \
     "" using 2:(strcol(1) eq "per-processor" ? column(4) : NaN) \
	with linespoints pt 9 lw 1 dt 2 lc rgb "#2e8b57" title "signal, all modes"
