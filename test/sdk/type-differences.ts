import ts from "typescript"

/** Compares types of one file by the rules of the compiler. */
export class TypeComparison {
  private readonly program: ts.Program
  private readonly checker: ts.TypeChecker
  private readonly source: ts.SourceFile
  /** The types that were compared for the pair at hand: types lead in circles. */
  private seen = new Set<string>()
  private found = new Set<string>()

  constructor(file: string, project: string) {
    const config = ts.readConfigFile(project, (path) => ts.sys.readFile(path)).config as unknown
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ts.sys.getCurrentDirectory())
    const program = ts.createProgram([file], { ...options, noEmit: true })
    const source = program.getSourceFile(file)
    if (!source) throw new Error(`There is no file ${file}`)
    const [problem] = [...program.getSemanticDiagnostics(source), ...program.getSyntacticDiagnostics(source)]
    if (problem) throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, "\n"))
    this.program = program
    this.source = source
    this.checker = program.getTypeChecker()
  }

  /**
   * Where values of one type do not fit the other, as sorted lines such as `BasePayment.captured_at: null`: the property,
   * as the interface is named that declares it, and which of its values do not fit.
   *
   * @param name the type of which each property is a pair
   * @param from the member of each pair whose values have to fit the type of the member {@link to}
   * @param isStrict also counts properties that the type {@link to} does not have
   */
  differences(name: string, from: string, to: string, { isStrict = false } = {}): string[] {
    const all = this.propertiesOf(this.typeNamed(name)).flatMap(({ name: pair, type }) => {
      const [source, target] = [from, to].map((member) => this.memberOf(type, member))
      if (!source || !target) throw new Error(`${pair} has no ${from} or no ${to}`)
      return this.differencesOf(source, target, pair, isStrict)
    })
    return [...new Set(all)].sort()
  }

  private differencesOf(source: ts.Type, target: ts.Type, pair: string, isStrict: boolean): string[] {
    this.seen = new Set()
    this.found = new Set()
    this.compare(source, target, pair, isStrict)
    // The compiler has the last word: what it refuses differs, also in ways that are not looked for here.
    const isRefused = !this.checker.isTypeAssignableTo(source, target)
    return isRefused && this.found.size === 0 ? [`${pair}: does not fit`] : [...this.found]
  }

  private memberOf(type: ts.Type, name: string): ts.Type | undefined {
    const symbol = type.getProperty(name)
    return symbol && this.checker.getTypeOfSymbol(symbol)
  }

  private typeNamed(name: string): ts.Type {
    const isDeclaration = (node: ts.Statement) => ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node)
    const declaration = this.source.statements.filter(isDeclaration).find((each) => each.name.text === name)
    if (!declaration) throw new Error(`${this.source.fileName} has no type ${name}`)
    return this.checker.getTypeAtLocation(declaration.name)
  }

  private propertiesOf(type: ts.Type): { name: string; type: ts.Type }[] {
    return type.getProperties().map((symbol) => ({ name: symbol.name, type: this.checker.getTypeOfSymbol(symbol) }))
  }

  private compare(source: ts.Type, target: ts.Type, place: string, isStrict: boolean): void {
    if (!isStrict && this.checker.isTypeAssignableTo(source, target)) return
    for (const part of partsOf(source)) {
      const counterpart = partsOf(target).find((each) => this.isAlike(part, each))
      if (counterpart) this.compareAlike(part, counterpart, place, isStrict)
      else if (!this.checker.isTypeAssignableTo(part, target)) this.found.add(`${place}: ${this.textOf(part)}`)
    }
  }

  /** Two lists, or two objects: what differs is in their elements or properties. */
  private compareAlike(source: ts.Type, target: ts.Type, place: string, isStrict: boolean): void {
    const [element, other] = [source, target].map((type) => this.elementOf(type))
    if (element && other) {
      this.compare(element, other, place, isStrict)
      return
    }
    const pair = `${this.textOf(source)} ${this.textOf(target)}`
    if (this.seen.has(pair)) return
    this.seen.add(pair)
    for (const wanted of target.getProperties()) this.compareProperty(source, wanted, place, isStrict)
    if (!isStrict) return
    for (const given of source.getProperties()) {
      if (!target.getProperty(given.name)) this.found.add(`${nameOf(given, place)}: not taken`)
    }
  }

  private compareProperty(source: ts.Type, wanted: ts.Symbol, place: string, isStrict: boolean): void {
    const given = source.getProperty(wanted.name)
    const name = isStrict && given ? nameOf(given, place) : nameOf(wanted, place)
    const isRequired = !isOptional(wanted)
    if (!given) {
      if (isRequired) this.found.add(`${name}: missing`)
      return
    }
    if (isRequired && isOptional(given)) this.found.add(`${name}: undefined`)
    const [from, to] = [given, wanted].map((symbol) => this.checker.getTypeOfSymbol(symbol)) as [ts.Type, ts.Type]
    this.compare(isOptional(given) ? withoutUndefined(from, this.checker) : from, to, name, isStrict)
  }

  private isAlike(source: ts.Type, target: ts.Type): boolean {
    const isList = (type: ts.Type) => this.elementOf(type) !== undefined
    return (isList(source) && isList(target)) || (this.hasNames(source) && this.hasNames(target))
  }

  private elementOf(type: ts.Type): ts.Type | undefined {
    return this.checker.isArrayType(type) ? this.checker.getIndexTypeOfType(type, ts.IndexKind.Number) : undefined
  }

  /** Whether it is an object with known properties, and nothing of the language itself such as a Date. */
  private hasNames(type: ts.Type): boolean {
    const isObject = (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0
    const isOfLanguage = (type.getSymbol()?.declarations ?? []).some((each) =>
      this.program.isSourceFileDefaultLibrary(each.getSourceFile()),
    )
    return isObject && !isOfLanguage && type.getProperties().length > 0
  }

  private textOf(type: ts.Type): string {
    return this.checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation)
  }
}

function partsOf(type: ts.Type): ts.Type[] {
  return type.isUnion() ? type.types : [type]
}

function isOptional(symbol: ts.Symbol): boolean {
  return (symbol.flags & ts.SymbolFlags.Optional) !== 0
}

function withoutUndefined(type: ts.Type, checker: ts.TypeChecker): ts.Type {
  const isNullable = partsOf(type).some(({ flags }) => flags & ts.TypeFlags.Null)
  // The compiler takes off both, or none.
  return isNullable ? type : checker.getNonNullableType(type)
}

/** A property as its interface names it; by the place where it was found, if it is in none. */
function nameOf(symbol: ts.Symbol, place: string): string {
  const parent = symbol.declarations?.[0]?.parent
  const isNamed = parent && (ts.isInterfaceDeclaration(parent) || ts.isClassDeclaration(parent)) && parent.name
  return `${isNamed ? isNamed.text : place}.${symbol.name}`
}
