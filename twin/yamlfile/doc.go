// Package yamlfile reads the files that people write for a twin: it parses one
// document, walks its mappings and lists, and collects what is wrong, each fault
// with its line.
//
// Start reading at parse.go; reader.go is what files are walked with. What must not
// live here: what the keys mean, and how values are spelled; that is for those who
// read a file.
package yamlfile
