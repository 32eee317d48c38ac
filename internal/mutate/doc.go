// Command mutate tells how much of the algorithm its tests hold in place: it
// makes one small fault after the other and looks whether a test fails.
//
//	mutate [flags] PACKAGE...
//
// A mutant is killed when the tests of its own package fail (or hang, or run
// out of memory), or else those of the packages named by -then. Test binaries
// are built once with all mutants in them, chosen by an environment variable
// ("mutant schemata"), through an overlay: the checkout is never changed, and a
// mutant costs a run of the tests and no build.
//
// It is ours since the public tools lack what matters here. Gremlins swaps
// operators, but swaps no min with max and drops no term of a sum; go-mutesting
// drops terms of && and || and statements only; both build every mutant anew and
// let only the tests of its own package at it, or else all of the module.
//
// What a mutant changes: see operators.go. Left out are strings (messages),
// constants, the post statement of a loop and the capacity given to make, where
// a change means no fault or hangs for certain. Nothing in here knows what the
// mutated packages do.
package main
