import random as R, numpy as np, sys
sys.path.insert(0,'/tmp/w/comp')
from tests.compiler.test_passes_fuse import random_program
from tests.compiler.building import *
class S: pass
def draw(s): return s()
import hypothesis.strategies as st
import tests.compiler.test_passes_fuse as T
class ST:
    integers=staticmethod(lambda a,b: lambda: rng.randint(a,b))
    sampled_from=staticmethod(lambda xs: lambda: rng.choice(list(xs)))
    booleans=staticmethod(lambda: lambda: rng.random()<.5)
    lists=staticmethod(lambda s,min_size,max_size: lambda: [s() for _ in range(rng.randint(min_size,max_size))])
T.st=ST
bad=[]
for seed in range(int(sys.argv[2]),int(sys.argv[3])):
    rng=R.Random(seed)
    b=random_program(draw,np.float64)
    try: agree(b,sys.argv[1],steps=2,tolerance=1e-9)
    except Exception as e: bad.append((len(b.program.calls)+len(b.program.stores),seed,type(e).__name__))
bad.sort(); print(len(bad),bad[:5])
if bad:
    rng=R.Random(bad[0][1]); b=random_program(draw,np.float64)
    nm={}
    def n(v):
        if not hasattr(v,'kind'): return v
        return nm.setdefault(v,f"{v.kind[0]}{len(nm)}{v.shape}")
    for c in b.program.calls: print(n(c.out),"=",c.op.name,[n(a) for a in c.args],c.attrs)
    print("stores",[(n(a),n(c)) for a,c in b.program.stores],"out",[n(v) for v in b.program.outputs])
    if sys.argv[1]=="replay": print(ReplayStep(b.program).source)
    else: print(native(b.program).source)
    try: agree(b,sys.argv[1],steps=2,tolerance=1e-9)
    except Exception as e: print(str(e)[:600])
