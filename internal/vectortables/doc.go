// Package vectortables lets the tests of several packages judge what was
// recorded of single functions of Flink's Java autoscaler: the tables under
// units/ and the random cases under functions/ of a folder of vectors. Each
// package holds a copy of those that are about it; where PEER_VECTORS names a
// folder, that one's are judged in their place, by the same code.
//
// It holds nothing but this reading and counting. How many cases a test judged
// it tells as the attribute [Attribute], from which package autoscaler/vectors
// makes its sum.
package vectortables
