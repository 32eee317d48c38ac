// Package conf reads values of a Flink configuration with flat keys: numbers,
// durations and memory sizes as Flink writes them.
//
// What must not live here: the keys themselves, their defaults and what they mean.
package conf
