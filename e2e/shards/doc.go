// Package shards tests what happens to the jobs of a cluster when processes of
// sluice share them and die, freeze, or come and go: on a fake cluster that keeps
// a log of who asked for what, with real databases and real signals.
//
// Short forms run with every change; SLUICE_REAL=full runs them at full length.
package shards
