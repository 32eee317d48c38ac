package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// source is one package with all that is known of it.
type source struct {
	path, dir string
	fset      *token.FileSet
	files     []sourceFile
	types     *types.Package
	info      *types.Info
}

type sourceFile struct {
	// path is absolute, name relative to where the command runs.
	path, name string
	text       []byte
	tree       *ast.File
}

// listed is what go list says of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
}

// goList asks the go command about packages.
func goList(ctx context.Context, args ...string) ([]listed, error) {
	text, err := goCommand(ctx, append([]string{"list", "-json=ImportPath,Dir,Export,GoFiles,DepOnly"}, args...)...)
	if err != nil {
		return nil, err
	}
	var all []listed
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		var p listed
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		all = append(all, p)
	}
}

func goCommand(ctx context.Context, args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run go %s: %w\n%s", args[0], err, stderr.Bytes())
	}
	return out, nil
}

// load parses and type-checks packages, in the order in which they are named.
func load(ctx context.Context, patterns []string) ([]*source, error) {
	all, err := goList(ctx, append([]string{"-export", "-deps"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	exports := make(map[string]string, len(all))
	for _, p := range all {
		exports[p.ImportPath] = p.Export
	}
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var packages []*source
	for _, p := range all {
		if p.DepOnly {
			continue
		}
		s, err := check(fset, imports, p)
		if err != nil {
			return nil, err
		}
		packages = append(packages, s)
	}
	return packages, nil
}

func check(fset *token.FileSet, imports types.Importer, p listed) (*source, error) {
	s := &source{path: p.ImportPath, dir: p.Dir, fset: fset, info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Scopes: map[ast.Node]*types.Scope{},
	}}
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	var trees []*ast.File
	for _, name := range p.GoFiles {
		path := filepath.Join(p.Dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		tree, err := parser.ParseFile(fset, path, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		relative, err := filepath.Rel(here, path)
		if err != nil {
			return nil, err
		}
		s.files = append(s.files, sourceFile{path: path, name: filepath.ToSlash(relative), text: text, tree: tree})
		trees = append(trees, tree)
	}
	config := types.Config{Importer: imports}
	s.types, err = config.Check(p.ImportPath, fset, trees, s.info)
	if err != nil {
		return nil, fmt.Errorf("type-check %s: %w", p.ImportPath, err)
	}
	return s, nil
}
