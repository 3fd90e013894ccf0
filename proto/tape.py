import sys; sys.path.insert(0,'/tmp/w/comp')
import numpy as np, tinygrad_bp as tgb, time, threading
T=sys.modules['tinygrad_bp.tensor']; from tinygrad_bp import op as opm, engine, graph
from tinygrad_bp.op import SPEAKERS
from tinygrad_bp.optim import blocks, optimizer as om
class Tape:
    def __init__(s): s.calls=[]; s.keep=[]; s.updates=[]
    def note(s,op,args,attrs,out):
        s.keep.append((args,out)); s.calls.append((op,[a._array if hasattr(a,'_array') else a for a in args],attrs,out._array))
tape=None
orig=T.apply
def trace_apply(op,args,attrs={}):
    out=orig(op,args,attrs)
    tape.note(op,args,attrs,out); return out
def lift(array,node): 
    return T.wrap(np.asarray(array) if type(array) is not np.ndarray else array, None)
def trace(fn,*a):
    global tape
    tape=Tape()
    saved=dict(SPEAKERS); ob=engine._run
    def run(seeds,keep,l,wanted):
        seeds={n:T.wrap(np.asarray(g)) for n,g in seeds.items()}
        before=sys.modules['tinygrad_bp.mode'].modes.grad
        sys.modules['tinygrad_bp.mode'].modes.grad=False
        try: return graph.backprop(seeds,True,lift,wanted,None)
        finally: sys.modules['tinygrad_bp.mode'].modes.grad=before
    orun=om.Optimizer._run
    def urun(formula,p,g,state,scalars,flags):
        tape.updates.append((formula,[p._array,g._array,*[t._array for t in state]],dict(scalars),flags)); orun(formula,p,g,state,scalars,flags)
    for k,v in saved.items():
        if v is orig: SPEAKERS[k]=trace_apply
    engine._run=run; om.Optimizer._run=staticmethod(urun)
    try: out=fn(*a)
    finally:
        SPEAKERS.update(saved); engine._run=ob; om.Optimizer._run=staticmethod(orun)
    return out,tape
nn=tgb.nn
def demo(model,crit,x,y,opt):
    def step(x,y):
        opt.zero_grad(); l=crit(model(x),y); l.backward(); opt.step(); return l
    out,t=trace(step,x,y)
    known={}
    def nm(a):
        if isinstance(a,np.ndarray): return known.setdefault(id(a),f"%{len(known)}")+str(a.shape)
        return repr(a)
    for op,args,attrs,o in t.calls: print(nm(o),"=",op.name,*[nm(a) for a in args],attrs)
    for f,arrs,sc,fl in t.updates: print("update",f.__name__,*[nm(a) for a in arrs],sc,fl)
    print(out, len(t.calls))
net=nn.Sequential(nn.Linear(2,16),nn.ReLU(),nn.Linear(16,16),nn.ReLU(),nn.Linear(16,1))
demo(net,nn.MSELoss(),tgb.randn(100,2),tgb.randn(100,1),tgb.optim.Adam(net.parameters()))
net=nn.Sequential(nn.Conv2d(1,4,3),nn.ReLU(),nn.MaxPool2d(2),nn.Flatten(),nn.Dropout(0.5),nn.Linear(4*25,10))
demo(net,nn.CrossEntropyLoss(),tgb.randn(3,1,12,12),tgb.randint(0,10,(3,)),tgb.optim.SGD(net.parameters(),0.1,momentum=0.9))
