import sys; sys.argv=['x','none']
src=open('/tmp/w/comp/proto/networks.py').read().replace("for j in which or jobs: jobs[j]()","")
exec(src)
tgb.manual_seed(0)
net=GPT(); opt=tgb.optim.AdamW(net.parameters()); crit=ce
x,y=tgb.randint(0,65,(12,64)),tgb.randint(0,65,(768,))
def f(x,y):
    opt.zero_grad(); l=crit(net(x),y); l.backward(); opt.step(); return l
s=compile(f)
for i in range(61):
    t=time.perf_counter(); l=s(x,y); t=time.perf_counter()-t
    if i%6==0: print(i,round(t*1e3,1),float(l),flush=True)
ex=s.specialised[0].execute
import tinygrad_bp.compiler.translate as TR, tinygrad_bp.compiler.machine as M, ctypes,re
src=ex.source; i=src.index("@entry"); head=src[:i]
# one entry per top-level statement, run in sequence
body=src[i:].split("\n"); stm=[]; cur=[]
for l in body[3:]:
    if l.startswith("    ") and not l.startswith("     ") and cur: stm.append(cur); cur=[]
    if l.strip(): cur.append(l)
stm.append(cur)
ent="".join(f"\n\n@entry\ndef line_{k}(table):\n    arena = table[0]\n"+"\n".join(c)+"\n    return 0\n" for k,c in enumerate(stm) if not c[0].startswith("    return"))
lib=M.Library(M.compiled(TR.to_llvm(head+ent))); kind=ctypes.CFUNCTYPE(ctypes.c_int64,ctypes.c_void_p)
T=[0]*len(stm); fs=[None if c[0].startswith("    return") else kind(lib.address(f"line_{k}")) for k,c in enumerate(stm)]
for rep in range(3):
    for k,g in enumerate(fs):
        if g is None: continue
        t=time.perf_counter(); g(ex._table_at); T[k]=time.perf_counter()-t
print("sum",sum(T)*1e3)
for t,k in sorted(((t,k) for k,t in enumerate(T)),reverse=True)[:14]: print(round(t*1e6,1)," ".join(x.strip() for x in stm[k])[:170])
