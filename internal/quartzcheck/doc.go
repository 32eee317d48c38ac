// Package quartzcheck asks Quartz itself, the Java library, what it makes of
// cron and daily expressions, so that package excluded can be compared with it.
//
// [Install] gets Quartz from Maven Central and compiles java/Ask.java against
// it, into the cache of package realflink; [Quartz.Ask] runs that. [Questions]
// are random, from a seed, and [Write] and [Read] keep them with their answers
// as a table. The test of this package compares fresh questions, and records
// the table that the test of package excluded reads:
//
//	SLUICE_REAL=full go test ./internal/quartzcheck -record
//
// What must not live here: anything that judges an expression.
package quartzcheck
