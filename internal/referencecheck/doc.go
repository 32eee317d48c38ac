// Package referencecheck asks the Java autoscaler's own classes what they make of
// state that package state/reference wrote, and what they write themselves.
//
// [Install] gets the library from Maven Central and compiles java/Translate.java
// against it, into the cache of package realflink. [Java.Read] has Java read
// texts, [Java.Write] has it write random ones, [Java.Database] has it read and
// write the rows of a real database. Each value comes with a dump, in which no
// notation is left, to compare it with [Dump] of ours.
//
// What must not live here: anything that encodes or decodes.
package referencecheck
