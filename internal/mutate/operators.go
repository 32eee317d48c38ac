package main

import (
	"go/ast"
	"go/token"
	"go/types"
)

// What is changed, one at a time:
//
//   - a comparison: its boundary, and to its opposite
//   - an operator of arithmetic, logic or bits: to its counterpart
//   - a term: each operand of + - * / % && || is dropped, as are ! and unary -
//   - min and max, floor and ceil: swapped; each argument of min and max alone,
//     and without floor, ceil and abs
//   - the condition of an if and of a case: always true, always false (which
//     takes the body away, and with it early returns)
//   - true and false: swapped
//   - a statement (assignment, call, step, break, continue): deleted; += and -=,
//     *= and /=, ++ and --: swapped

// comparisons holds the other boundary and the opposite.
var comparisons = map[token.Token][]token.Token{
	token.LSS: {token.LEQ, token.GEQ},
	token.LEQ: {token.LSS, token.GTR},
	token.GTR: {token.GEQ, token.LEQ},
	token.GEQ: {token.GTR, token.LSS},
	token.EQL: {token.NEQ},
	token.NEQ: {token.EQL},
}

var counterparts = map[token.Token]token.Token{
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL, token.REM: token.QUO,
	token.LAND: token.LOR, token.LOR: token.LAND,
	token.AND: token.OR, token.OR: token.AND, token.SHL: token.SHR, token.SHR: token.SHL,
	token.ADD_ASSIGN: token.SUB_ASSIGN, token.SUB_ASSIGN: token.ADD_ASSIGN,
	token.MUL_ASSIGN: token.QUO_ASSIGN, token.QUO_ASSIGN: token.MUL_ASSIGN,
	token.INC: token.DEC, token.DEC: token.INC,
}

// functions that are swapped with one another.
var swapped = map[string]string{
	"min": "max", "max": "min", "math.Min": "math.Max", "math.Max": "math.Min",
	"math.Floor": "math.Ceil", "math.Ceil": "math.Floor", "math.Abs": "",
}

// expressions are the texts that may stand in the place of an expression.
// parents are the nodes around it, the innermost last.
func (f *finder) expressions(n ast.Expr, parents []ast.Node) []string {
	var all []string
	switch n := n.(type) {
	case *ast.BinaryExpr:
		all = f.binary(n)
	case *ast.UnaryExpr:
		if n.Op == token.NOT || n.Op == token.SUB {
			all = append(all, f.text(n.X))
		}
	case *ast.CallExpr:
		all = f.call(n)
	case *ast.Ident:
		if o := f.source.info.Uses[n]; o != nil && o.Parent() == types.Universe {
			switch n.Name {
			case "true":
				all = append(all, "false")
			case "false":
				all = append(all, "true")
			}
		}
	}
	if isCondition(n, parents) {
		all = append(all, "true", "false")
	}
	return all
}

func (f *finder) binary(n *ast.BinaryExpr) []string {
	x, y := f.operand(n.X), f.operand(n.Y)
	var all []string
	if others, ok := comparisons[n.Op]; ok {
		for _, op := range others {
			all = append(all, x+" "+op.String()+" "+y)
		}
		return all
	}
	if other, ok := counterparts[n.Op]; ok {
		all = append(all, x+" "+other.String()+" "+y)
	}
	switch n.Op {
	case token.ADD, token.MUL, token.LAND, token.LOR, token.AND, token.OR:
		all = append(all, x, y)
	case token.SUB:
		all = append(all, x, "-"+y)
	case token.QUO, token.REM:
		all = append(all, x)
	}
	return all
}

func (f *finder) call(n *ast.CallExpr) []string {
	name := f.text(n.Fun)
	other, known := swapped[name]
	if !known {
		return nil
	}
	var all []string
	if other != "" {
		arguments := f.textBetween(n.Lparen, n.End())
		all = append(all, other+arguments)
	}
	for _, argument := range n.Args {
		all = append(all, f.text(argument))
	}
	return all
}

// isCondition tells whether n decides an if or a case.
func isCondition(n ast.Expr, parents []ast.Node) bool {
	switch parent := parents[len(parents)-1].(type) {
	case *ast.IfStmt:
		return parent.Cond == n
	case *ast.CaseClause: // of a switch without a tag: its block, then itself
		around, ok := parents[len(parents)-3].(*ast.SwitchStmt)
		return ok && around.Tag == nil
	}
	return false
}

// statements are the texts that may stand in the place of a statement; an empty
// one deletes it.
func (f *finder) statements(n ast.Stmt, parents []ast.Node) []string {
	switch parents[len(parents)-1].(type) {
	case *ast.BlockStmt, *ast.CaseClause:
	default:
		return nil
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		return f.assignment(n)
	case *ast.IncDecStmt:
		return []string{"", f.text(n.X) + counterparts[n.Tok].String()}
	case *ast.ExprStmt:
		if call, ok := n.X.(*ast.CallExpr); ok && f.text(call.Fun) != "panic" {
			return []string{""}
		}
	case *ast.BranchStmt:
		if n.Label == nil && (n.Tok == token.BREAK || n.Tok == token.CONTINUE) {
			return []string{""}
		}
	}
	return nil
}

func (f *finder) assignment(n *ast.AssignStmt) []string {
	if n.Tok == token.DEFINE {
		return nil
	}
	all := []string{""}
	if other, ok := counterparts[n.Tok]; ok && !isString(f.source.info.TypeOf(n.Lhs[0])) {
		all = append(all, f.text(n.Lhs[0])+" "+other.String()+" "+f.text(n.Rhs[0]))
	}
	return all
}

func isString(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsString != 0
}
