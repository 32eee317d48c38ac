// Package decisions turns what a pass decided into data that outlives it: a
// JSON document with the measured rates, every rule that shaped a number and the
// result, a few lines of text rendered from that document, and a file of such
// documents, one a line.
//
// Nothing is decided here. The text is made from the data, never the other way
// round.
package decisions
