// Package workload says what arrives: load curves as pure functions of the time
// since the start, in records/s, and scenarios that name a curve for each source
// and what happens to the cluster meanwhile.
//
// A curve is asked in any order and gives the same answer each time; noise and
// random walks depend on a seed alone. Nothing here reads a clock or a file: the
// time is an argument, and files come through [Context].
//
// In YAML a curve is a number (records/s, also 25k or 2.5M) or a mapping with one
// key that says of which kind it is:
//
//	500
//	steps: {0 s: 500, 30 s: 2500, 90 s: 500}              # each holds until the next; or {at: {…}, length: 2 min, end: loop}
//	lines: {0 s: 100, 10 min: 900}                        # straight from one to the next; the same
//	ramp: {from: 0, to: 2k, start: 1 min, over: 10 min}
//	sine: {low: 200, high: 1000, period: 1 h, peak: 0 s}  # peak: when, after the start
//	day: {low: 200, high: 1000, peak: 20:00}              # time of the scenario's day, UTC
//	day: {points: {"00:00": 300, "06:00": 150, "20:00": 1000}}
//	week: {of: CURVE, factors: {sat: 0.6, sun: 0.5}, holidays: {2026-12-25: 0.3}, blend: 4 h}
//	spike: {peak: 5k, base: 0, at: 10 h, rise: 2 min, hold: 30 min, decay: 1 h, every: 24 h}
//	random-walk: {start: 1.25M, step: 500k, min: 0, max: 2.5M, every: 1 min, length: 140 min, end: hold, seed: 1}
//	cosine: {mean: 30k, amplitude: 25k, noise: 250}       # the ESPA patterns, one value a minute:
//	growth: {rate: 2.5M}                                  # defaults are those that were published
//	decline: {rate: 2.5M}
//	convergence: {high: 2M, low: 1M}
//	trace: ads                                            # or cars, nyc-taxi, twitter-aapl, elb
//	trace: {file: load.csv, time: ts, value: rps, header: true, per: second, interpolate: linear, resample: 1 min,
//	        from: 2 h, length: 6 h, speed: 3, mean: 5k, end: loop, sort: true}
//	sum: [CURVE, CURVE]
//	product: [CURVE, CURVE]
//	scale: {of: CURVE, by: 2}
//	limit: {of: CURVE, min: 0, max: 3k}
//	noise: {of: CURVE, share: 0.05, amount: 0, every: 1 s, seed: 1}
//
// Durations are Flink's ("30 s", "5 min"). Where a seed is left out it follows
// from the scenario's seed and the place of the curve in it.
//
// Start reading at curve.go; pieces.go is what most curves are made of.
// scenario.go and yaml.go are the way in from files. What must not live here: a
// cluster, a job, and what a scenario's events do to them; that is the twin's.
package workload
