import os; os.environ["TINYGRAD_BP_CACHE"]=""
import sys; sys.path.insert(0,"/tmp/w/comp")
import resource, gc, time, numpy as np
from tests.compiler.building import Building, run, native
from tinygrad_bp.rules import elementwise as ew, reduce, loss
def rss(): return int(open("/proc/self/statm").read().split()[1])*4096/1e6
t=time.perf_counter()
for i in range(600):
    b=Building(); x=b.input(b.normal(3,4+i)); w=b.state(b.normal(4+i))
    y=b(loss.softmax,b(ew.multiply,x,w),axis=-1); b.store(w,b(reduce.sum,y,axis=0)); b.output(y)
    s=native(b.program); s([b.arrays[x]]); del s,b
    if i%100==0: gc.collect(); print(i,round(rss(),1),round(time.perf_counter()-t,1),flush=True)
gc.collect(); print(rss(), (time.perf_counter()-t)/600)
