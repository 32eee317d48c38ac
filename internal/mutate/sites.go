package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// mutant is one fault.
type mutant struct {
	// ID chooses it, from 1 on.
	ID int
	// File is the path from where the command runs.
	File string
	Line int
	// Func is the function around it, with its receiver's type.
	Func string
	// Before and After are the code in question; After is empty where a
	// statement is deleted.
	Before, After string
	Outcome       outcome
	// By is the package whose tests found it.
	By string

	// key stays the same as long as the file does.
	key     string
	path    string
	text    string
	atStart int
}

func (m *mutant) String() string {
	return fmt.Sprintf("%s:%d %s", m.File, m.Line, m.change())
}

// change says what the mutant does, without its line, which moves.
func (m *mutant) change() string {
	after := "deleted"
	if m.After != "" {
		after = "`" + m.After + "`"
	}
	return fmt.Sprintf("%s: `%s` → %s", m.Func, m.Before, after)
}

// site is a piece of code that mutants replace.
type site struct {
	start, end int // offsets
	// result is the type of an expression; a statement has none.
	result  string
	mutants []*mutant
}

// finder looks for the sites of one file.
type finder struct {
	source  *source
	file    sourceFile
	imports map[string]string
	inside  string
	sites   []*site
}

func findSites(s *source, file sourceFile) []*site {
	f := &finder{source: s, file: file, imports: importNames(file.tree)}
	for _, declaration := range file.tree.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || function.Body == nil {
			continue
		}
		f.inside = f.nameOf(function)
		ast.PreorderStack(function.Body, []ast.Node{function}, f.visit)
	}
	return f.sites
}

func (f *finder) visit(n ast.Node, parents []ast.Node) bool {
	switch n := n.(type) {
	case ast.Expr:
		if onlyCapacity(n, parents) {
			return false
		}
		f.expression(n, parents)
	case ast.Stmt:
		if texts := f.statements(n, parents); len(texts) > 0 {
			f.add(n, "", texts)
		}
	}
	return true
}

func (f *finder) expression(n ast.Expr, parents []ast.Node) {
	known := f.source.info.Types[n]
	if !known.IsValue() && !isLiteral(n) || known.Type == nil {
		return
	}
	if known.Value != nil && !isLiteral(n) || isString(known.Type) {
		return
	}
	result, ok := f.typeName(known.Type)
	if !ok {
		return
	}
	var fitting []string
	for _, text := range f.expressions(n, parents) {
		if text != f.text(n) && !slices.Contains(fitting, text) && f.fits(text, known.Type, n.Pos()) {
			fitting = append(fitting, text)
		}
	}
	if len(fitting) > 0 {
		f.add(n, result, fitting)
	}
}

// isLiteral tells whether n is true or false, the constants that are changed.
func isLiteral(n ast.Expr) bool {
	name, ok := n.(*ast.Ident)
	return ok && (name.Name == "true" || name.Name == "false")
}

// fits tells whether a text is an expression that may stand where one of the
// given type does.
func (f *finder) fits(text string, want types.Type, at token.Pos) bool {
	got, err := types.Eval(f.source.fset, f.source.types, at, text)
	return err == nil && types.AssignableTo(got.Type, types.Default(want))
}

// onlyCapacity tells whether n is the capacity that make is given.
func onlyCapacity(n ast.Expr, parents []ast.Node) bool {
	call, ok := parents[len(parents)-1].(*ast.CallExpr)
	if !ok {
		return false
	}
	name, ok := call.Fun.(*ast.Ident)
	if !ok || name.Name != "make" {
		return false
	}
	at := slices.Index(call.Args, n)
	_, slice := call.Args[0].(*ast.ArrayType)
	return at == 2 || (at == 1 && !slice)
}

func (f *finder) add(n ast.Node, result string, texts []string) {
	place := f.source.fset.Position(n.Pos())
	s := &site{start: place.Offset, end: f.source.fset.Position(n.End()).Offset, result: result}
	for _, text := range texts {
		s.mutants = append(s.mutants, &mutant{
			File: f.file.name, Line: place.Line, Func: f.inside, Before: oneLine(f.text(n)), After: oneLine(text),
			path: f.file.path, text: text, atStart: place.Offset,
		})
	}
	f.sites = append(f.sites, s)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func (f *finder) text(n ast.Node) string { return f.textBetween(n.Pos(), n.End()) }

func (f *finder) textBetween(start, end token.Pos) string {
	return string(f.file.text[f.source.fset.Position(start).Offset:f.source.fset.Position(end).Offset])
}

// operand is the text of n so that any operator may stand beside it.
func (f *finder) operand(n ast.Expr) string {
	if _, compound := n.(*ast.BinaryExpr); compound {
		return "(" + f.text(n) + ")"
	}
	return f.text(n)
}

func (f *finder) nameOf(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return d.Name.Name
	}
	return strings.TrimPrefix(f.text(d.Recv.List[0].Type), "*") + "." + d.Name.Name
}

// typeName is how the file writes a type; ok is false when it does not import
// the type's package.
func (f *finder) typeName(t types.Type) (name string, ok bool) {
	ok = true
	name = types.TypeString(types.Default(t), func(p *types.Package) string {
		if p == f.source.types {
			return ""
		}
		imported, known := f.imports[p.Path()]
		if !known {
			ok = false
		}
		return imported
	})
	return name, ok
}

func importNames(tree *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range tree.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // it was parsed: cannot be
		}
		if spec.Name != nil {
			names[path] = spec.Name.Name
		} else {
			names[path] = path[strings.LastIndex(path, "/")+1:]
		}
	}
	return names
}
