"""Commands of LaTeX's mathematics (amsmath, amssymb, mathtools): what a run of letters after a backslash may be."""

from __future__ import annotations

COMMANDS = frozenset(
    """
    acute aleph alpha amalg angle approx approxeq arccos arccot arcsin arctan arg argmax argmin array arrow ast asymp
    atop backepsilon backprime backsim backslash bar barwedge Bbbk bcancel because begin beta beth between bf bfseries
    bgroup big Big bigcap bigcirc bigcup bigg Bigg biggl Biggl biggm Biggm biggr Biggr bigl Bigl bigm Bigm bigodot
    bigoplus bigotimes bigr Bigr bigsqcup bigstar bigtriangledown bigtriangleup biguplus bigvee bigwedge binom
    blacklozenge blacksquare blacktriangle blacktriangledown blacktriangleleft blacktriangleright bm bmatrix bmod bold
    boldsymbol bot bowtie Box boxed boxdot boxminus boxplus boxtimes bra brace brack braket breve bullet Bumpeq bumpeq
    cal cancel cap Cap cases cdot cdotp cdots ce ceil centerdot cfrac check checkmark chi choose circ circeq
    circlearrowleft circlearrowright circledast circledcirc circleddash cite cline clubsuit colon color complement cong
    coprod cos cosh cot coth csc csch cup Cup curlyeqprec curlyeqsucc curlyvee curlywedge curvearrowleft
    curvearrowright
    dagger daleth dashleftarrow dashrightarrow dbinom ddagger ddddot dddot ddot ddots def deg delta Delta det dfrac
    diagdown diagup diamond Diamond diamondsuit digamma dim displaystyle div divideontimes dot doteq doteqdot dots
    dotsb dotsc dotsi dotsm dotso dotplus doublebarwedge doublecap doublecup downarrow Downarrow downdownarrows
    downharpoonleft downharpoonright
    ell else emph empty emptyset end enspace enskip epsilon eqcirc eqref eqsim eqslantgtr eqslantless equiv erf eta eth
    exists exp
    fallingdotseq fbox fi Finv flat floor footnote footnotesize forall frac framebox frown
    Game gamma Gamma gcd ge genfrac geq geqq geqslant gets gg ggg gimel gnapprox gneq gneqq gnsim grad grave gt
    gtrapprox gtrdot gtreqless gtreqqless gtrless gtrsim gvertneqq
    hat hbar hbox heartsuit hfill hline hom hookleftarrow hookrightarrow hphantom hrule hslash hspace huge Huge hyperref
    idotsint iff iiiint iiint iint Im imath implies impliedby in inf infty injlim int intercal intertext iota isin it
    item itshape jmath Join kappa ker ket kern
    label lambda Lambda land langle large Large LARGE lbrace lbrack lceil lcm ldots ldotp le leadsto left leftarrow
    Leftarrow leftarrowtail leftharpoondown leftharpoonup leftleftarrows leftrightarrow Leftrightarrow leftrightarrows
    leftrightharpoons leftthreetimes leq leqq leqslant lessapprox lessdot lesseqgtr lesseqqgtr lessgtr lesssim lfloor
    lg lgroup lhd lim liminf limits limsup ll llcorner Lleftarrow lll lmoustache ln lnapprox lneq lneqq lnot lnsim log
    longleftarrow Longleftarrow longleftrightarrow Longleftrightarrow longmapsto longrightarrow Longrightarrow
    looparrowleft looparrowright lor lozenge lrcorner Lsh lt ltimes lvert lVert lvertneqq
    maltese mapsto mathbb mathbf mathbin mathcal mathclose mathfrak mathinner mathit mathnormal mathop mathopen mathord
    mathpunct mathrel mathring mathrm mathscr mathsf mathstrut mathtt matrix max mbox measuredangle mho mid middle min
    minus mkern mod models mp mspace mu multicolumn multimap
    nabla natural ncong ne nearrow neg negmedspace negthickspace negthinspace neq newcommand newline nexists ngeq ngeqq
    ngeqslant ngtr ni nleftarrow nLeftarrow nleftrightarrow nLeftrightarrow nleq nleqq nleqslant nless nmid nobreak
    noindent nolimits nonumber norm normalsize not notag notin nparallel nprec npreceq nrightarrow nRightarrow
    nshortmid nshortparallel nsim nsubseteq nsubseteqq nsucc nsucceq nsupseteq nsupseteqq ntriangleleft
    ntrianglelefteq ntriangleright ntrianglerighteq nu nvdash nvDash nVdash nVDash nwarrow
    odot oint oiint oiiint omega Omega omicron ominus operatorname oplus oslash otimes over overbrace overbracket
    overleftarrow overleftrightarrow overline overrightarrow overset owns
    par parallel partial perp phantom phi Phi pi Pi pitchfork pm pmatrix pmb pmod pod Pr prec precapprox preccurlyeq
    preceq precnapprox precneqq precnsim precsim prime prod projlim propto psi Psi qquad quad
    raggedright raise raisebox rangle ratio rbrace rbrack rceil Re ref renewcommand require restriction rfloor rgroup
    rhd rho rhs right rightarrow Rightarrow rightarrowtail rightharpoondown rightharpoonup rightleftarrows
    rightleftharpoons rightrightarrows rightsquigarrow rightthreetimes risingdotseq rlap rm rmfamily rmoustache root
    rotatebox rowcolor Rrightarrow Rsh rtimes rule rvert rVert
    scriptscriptstyle scriptsize scriptstyle searrow sec sech setminus sf sgn sharp shortmid shortparallel shoveleft
    shoveright sideset sigma Sigma sign sim simeq sin sinh small smallfrown smallint smallmatrix smallsetminus
    smallsmile smash smile space spadesuit span sphericalangle sqcap sqcup sqrt sqsubset sqsubseteq sqsupset
    sqsupseteq square stackrel star strut subset Subset subseteq subseteqq subsetneq subsetneqq substack succ
    succapprox succcurlyeq succeq succnapprox succneqq succnsim succsim sum sup supset Supset supseteq supseteqq
    supsetneq supsetneqq surd swarrow
    tabular tag tan tanh tau tbinom tensor text textbf textbullet textcolor textdegree texteuro textgreater textit
    textless textmd textnormal textquotedblleft textquotedblright textrm textsc textsf textsl textstyle textsubscript
    textsuperscript texttt textup textwidth tfrac therefore theta Theta thickapprox thicksim thickspace thinspace tilde
    times tiny to top Tr tr triangle triangledown triangleleft trianglelefteq triangleq triangleright trianglerighteq
    tt twoheadleftarrow twoheadrightarrow
    ulcorner uline underbrace underbracket underleftarrow underleftrightarrow underline underrightarrow underset unit
    unlhd unrhd upalpha uparrow Uparrow updownarrow Updownarrow upharpoonleft upharpoonright uplus uppercase upsilon
    Upsilon upuparrows url urcorner usepackage
    vadjust varDelta varepsilon varGamma varinjlim varkappa varLambda varliminf varlimsup varnothing varOmega varphi
    varPhi varpi varprojlim varpropto varPsi varrho varsigma varSigma varsubsetneq varsupsetneq vartheta varTheta
    vartriangle vartriangleleft vartriangleright varUpsilon varXi vbox vdash vDash Vdash vdots vec vee veebar verb vert
    Vert vfill vline vphantom vskip vspace Vvdash
    wedge widehat widetilde wp wr xcancel xi Xi xleftarrow xLeftarrow xmapsto xrightarrow xRightarrow yen zeta
    """.split()  # noqa: SIM905
)
